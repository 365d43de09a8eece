package languagehost

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

const (
	waitFor = 2 * time.Minute
	tick    = 50 * time.Millisecond
)

// writeProgram makes a main package out of a function body.
func writeProgram(t *testing.T, dir, body string) *pulumirpc.ProgramInfo {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module program\n\ngo 1.24\n"), 0o600))
	source := "package main\n\nimport (\n\t\"fmt\"\n\t\"os\"\n\t\"os/signal\"\n\t\"strings\"\n)\n\nvar _, _ = fmt.Sprint(strings.Fields(\"\")), signal.Notify\n\n" +
		"func main() {\n\t" + body + "\n\tos.Exit(0)\n}\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(source), 0o600))
	return &pulumirpc.ProgramInfo{RootDirectory: dir, ProgramDirectory: dir, EntryPoint: "."}
}

func newHost(t *testing.T) *Host {
	t.Helper()
	host := New("127.0.0.1:1")
	t.Cleanup(func() { _, _ = host.Cancel(t.Context(), nil) })
	return host
}

func run(t *testing.T, host *Host, req *pulumirpc.RunRequest) *pulumirpc.RunResponse {
	t.Helper()
	if req.Pwd == "" {
		req.Pwd = req.GetInfo().GetProgramDirectory()
	}
	resp, err := host.Run(t.Context(), req)
	require.NoError(t, err)
	return resp
}

func TestRun(t *testing.T) {
	t.Run("the_program_gets_the_variables_that_the_sdk_reads", func(t *testing.T) {
		host, dir := newHost(t), t.TempDir()
		info := writeProgram(t, dir, `os.WriteFile("environment", []byte(strings.Join(os.Environ(), "\n")), 0o600)`)
		resp := run(t, host, &pulumirpc.RunRequest{
			Info: info, Project: "shop", Stack: "dev", Organization: "organization", DryRun: true, Parallel: 8,
			MonitorAddress: "127.0.0.1:2", Config: map[string]string{"shop:key": "a = b"}, ConfigSecretKeys: []string{"shop:key"},
		})
		assert.Empty(t, resp.GetError())
		assert.False(t, resp.GetBail())
		body, err := os.ReadFile(filepath.Join(dir, "environment"))
		require.NoError(t, err)
		got := strings.Split(string(body), "\n")
		for _, want := range []string{
			"PULUMI_PROJECT=shop", "PULUMI_STACK=dev", "PULUMI_ORGANIZATION=organization", "PULUMI_DRY_RUN=true",
			"PULUMI_PARALLEL=8", "PULUMI_MONITOR=127.0.0.1:2", "PULUMI_ENGINE=127.0.0.1:1", "PULUMI_ROOT_DIRECTORY=" + dir,
			`PULUMI_CONFIG={"shop:key":"a = b"}`, `PULUMI_CONFIG_SECRET_KEYS=["shop:key"]`,
		} {
			assert.Contains(t, got, want)
		}
	})
	t.Run("a_program_that_told_the_engine_why_it_failed_bails", func(t *testing.T) {
		host := newHost(t)
		resp := run(t, host, &pulumirpc.RunRequest{Info: writeProgram(t, t.TempDir(), "os.Exit(32)")})
		assert.True(t, resp.GetBail())
		assert.Empty(t, resp.GetError())
	})
	t.Run("another_exit_code_is_an_error", func(t *testing.T) {
		host := newHost(t)
		resp := run(t, host, &pulumirpc.RunRequest{Info: writeProgram(t, t.TempDir(), "os.Exit(3)")})
		assert.Equal(t, "program exited with non-zero exit code: 3", resp.GetError())
		assert.False(t, resp.GetBail())
	})
	t.Run("a_program_that_does_not_compile_is_an_error_with_its_directory", func(t *testing.T) {
		host, dir := newHost(t), t.TempDir()
		_, err := host.Run(t.Context(), &pulumirpc.RunRequest{Info: writeProgram(t, dir, "undefined()")})
		require.EqualError(t, err, "go build in "+dir+": exit status 1")
	})
	t.Run("a_directory_without_go_files_is_an_error", func(t *testing.T) {
		host, dir := newHost(t), t.TempDir()
		_, err := host.Run(t.Context(), &pulumirpc.RunRequest{Info: &pulumirpc.ProgramInfo{ProgramDirectory: dir}})
		require.EqualError(t, err, `program directory "`+dir+`": holds no Go files`)
	})
	t.Run("a_package_that_is_not_main_is_an_error", func(t *testing.T) {
		host, dir := newHost(t), t.TempDir()
		info := writeProgram(t, dir, "")
		require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte("package library\n"), 0o600))
		_, err := host.Run(t.Context(), &pulumirpc.RunRequest{Info: info})
		require.EqualError(t, err, `program directory "`+dir+`": its package is not main`)
	})
	t.Run("a_changed_program_is_built_again", func(t *testing.T) {
		host, dir := newHost(t), t.TempDir()
		assert.Equal(t, "program exited with non-zero exit code: 3",
			run(t, host, &pulumirpc.RunRequest{Info: writeProgram(t, dir, "os.Exit(3)")}).GetError())
		assert.Equal(t, "program exited with non-zero exit code: 4",
			run(t, host, &pulumirpc.RunRequest{Info: writeProgram(t, dir, "os.Exit(4)")}).GetError())
	})
	t.Run("the_executable_is_linked_anew_and_gone_afterwards", func(t *testing.T) {
		host := newHost(t)
		t.Setenv("TMPDIR", t.TempDir())
		info := writeProgram(t, t.TempDir(), `self, _ := os.Executable(); os.WriteFile("self", []byte(self), 0o600)`)
		assert.Empty(t, run(t, host, &pulumirpc.RunRequest{Info: info}).GetError())
		self, err := os.ReadFile(filepath.Join(info.GetProgramDirectory(), "self"))
		require.NoError(t, err)
		assert.Equal(t, os.TempDir(), filepath.Dir(string(self)))
		assert.NoFileExists(t, string(self))
	})
	t.Run("a_build_target_is_kept_and_left_alone_when_nothing_changed", func(t *testing.T) {
		host := newHost(t)
		info := writeProgram(t, t.TempDir(), "")
		options, err := structpb.NewStruct(map[string]any{"buildTarget": "bin/program"})
		require.NoError(t, err)
		info.Options = options
		target := filepath.Join(info.GetProgramDirectory(), "bin", "program")
		built := func() os.FileInfo {
			assert.Empty(t, run(t, host, &pulumirpc.RunRequest{Info: info}).GetError())
			stat, err := os.Stat(target)
			require.NoError(t, err)
			return stat
		}
		first, second := built(), built()
		assert.True(t, os.SameFile(first, second))
	})
	t.Run("an_executable_can_be_named_instead", func(t *testing.T) {
		host := newHost(t)
		options, err := structpb.NewStruct(map[string]any{"binary": "false"})
		require.NoError(t, err)
		resp := run(t, host, &pulumirpc.RunRequest{
			Pwd: t.TempDir(), Info: &pulumirpc.ProgramInfo{ProgramDirectory: t.TempDir(), Options: options},
		})
		assert.Equal(t, "program exited with non-zero exit code: 1", resp.GetError())
	})
	t.Run("cancel_ends_the_program", func(t *testing.T) {
		host, dir := newHost(t), t.TempDir()
		info := writeProgram(t, dir, `c := make(chan os.Signal, 1); signal.Notify(c, os.Interrupt)
	os.WriteFile("running", nil, 0o600); <-c; os.WriteFile("interrupted", nil, 0o600); os.Exit(7)`)
		done := make(chan *pulumirpc.RunResponse, 1)
		go func() {
			resp, _ := host.Run(t.Context(), &pulumirpc.RunRequest{Info: info, Pwd: dir})
			done <- resp
		}()
		require.Eventually(t, func() bool {
			_, err := os.Stat(filepath.Join(dir, "running"))
			return err == nil
		}, waitFor, tick)
		_, err := host.Cancel(t.Context(), &emptypb.Empty{})
		require.NoError(t, err)
		assert.Equal(t, "program exited with non-zero exit code: 7", (<-done).GetError())
		assert.FileExists(t, filepath.Join(dir, "interrupted"))
	})
}

func TestGetRequiredPackages(t *testing.T) {
	program, err := filepath.Abs("../../..")
	require.NoError(t, err)
	resp, err := newHost(t).GetRequiredPackages(t.Context(), &pulumirpc.GetRequiredPackagesRequest{
		Info: &pulumirpc.ProgramInfo{ProgramDirectory: program},
	})
	require.NoError(t, err)
	versions := map[string]string{}
	for _, p := range resp.GetPackages() {
		assert.Equal(t, "resource", p.GetKind())
		versions[p.GetName()] = p.GetVersion()
	}
	assert.Equal(t, map[string]string{"aws": "v6.83.2", "kubernetes": "v4.25.0", "command": "v1.1.3"}, versions)
}

func TestPackageDependency(t *testing.T) {
	sdk := func(t *testing.T, file map[string]any) string {
		dir := t.TempDir()
		if file != nil {
			body, err := json.Marshal(file)
			require.NoError(t, err)
			require.NoError(t, os.MkdirAll(filepath.Join(dir, "go", "thing"), 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "go", "thing", "pulumi-plugin.json"), body, 0o600))
		}
		return dir
	}
	for _, c := range []struct {
		name, path, version string
		file                map[string]any
		want                string
	}{
		{"the_plugin_file_counts", "example.com/sdk", "v1.0.0", map[string]any{"resource": true, "name": "thing", "version": "2.3.4"}, "thing v2.3.4"},
		{"an_official_module_may_leave_out_its_name", "github.com/pulumi/pulumi-aws/sdk/v6", "v6.83.2", map[string]any{"resource": true}, "aws v6.83.2"},
		{"a_commit_stands_for_the_release_before_it", "github.com/pulumi/pulumi-aws/sdk/v6", "v6.83.3-0.20260101000000-0123456789ab", map[string]any{"resource": true}, "aws v6.83.2"},
		{"a_module_without_the_file_is_no_provider", "github.com/pulumi/pulumi-aws/sdk/v6", "v6.83.2", nil, ""},
		{"a_library_is_no_provider", "github.com/pulumi/pulumi-library", "v1.0.0", map[string]any{"resource": false}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dependency, err := requiredModule{Path: c.path, Version: c.version, Dir: sdk(t, c.file)}.packageDependency()
			require.NoError(t, err)
			if c.want == "" {
				assert.Nil(t, dependency)
				return
			}
			assert.Equal(t, c.want, dependency.GetName()+" "+dependency.GetVersion())
		})
	}
}

func TestRunPlugin(t *testing.T) {
	host, dir := newHost(t), t.TempDir()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	pulumirpc.RegisterLanguageRuntimeServer(server, host)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })

	stream, err := pulumirpc.NewLanguageRuntimeClient(conn).RunPlugin(t.Context(), &pulumirpc.RunPluginRequest{
		Info: writeProgram(t, dir, `fmt.Println(os.Args[1]); fmt.Fprintln(os.Stderr, os.Getenv("GREETING")); os.Exit(5)`),
		Pwd:  dir, Args: []string{"127.0.0.1:4711"}, Env: []string{"GREETING=hello"},
	})
	require.NoError(t, err)
	var stdout, stderr string
	code := int32(-1)
	for {
		message, err := stream.Recv()
		if err != nil {
			break
		}
		switch output := message.GetOutput().(type) {
		case *pulumirpc.RunPluginResponse_Stdout:
			stdout += string(output.Stdout)
		case *pulumirpc.RunPluginResponse_Stderr:
			stderr += string(output.Stderr)
		case *pulumirpc.RunPluginResponse_Exitcode:
			code = output.Exitcode
		}
	}
	assert.Equal(t, "127.0.0.1:4711\n", stdout, "the port comes first, so the build must not write there")
	assert.Equal(t, "hello\n", stderr)
	assert.Equal(t, int32(5), code)
}
