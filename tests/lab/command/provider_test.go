package command

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/asset"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"

	"ecommerce-platform/tests/lab/command/remote/sshtest"
)

const (
	commandURN = resource.URN("urn:pulumi:test::test::command:remote:Command::step")
	copyURN    = resource.URN("urn:pulumi:test::test::command:remote:CopyToRemote::file")
	localURN   = resource.URN("urn:pulumi:test::test::command:local:Command::step")
)

// bench is a provider, the log lines that it sent to its engine, and a machine.
type bench struct {
	*Provider
	t      *testing.T
	log    *engineLog
	server *sshtest.Server
	login  sshtest.Key
	port   int
}

func newBench(t *testing.T) *bench {
	t.Helper()
	t.Setenv("SSH_AUTH_SOCK", "")
	t.Setenv("TWIN_MODE", "machine")
	b := &bench{t: t, login: sshtest.NewKey(t), log: &engineLog{lines: make(chan *pulumirpc.LogRequest, 1000)}}
	b.server = sshtest.New(t, "admin", b.login)
	b.port = b.server.Listen(t, "127.0.0.1:0")
	provider, err := New(b.log.listen(t))
	require.NoError(t, err)
	b.Provider = provider
	t.Cleanup(func() { assert.NoError(t, provider.Close()) })
	return b
}

// engineLog is an engine that only listens to log lines.
type engineLog struct {
	pulumirpc.UnimplementedEngineServer
	lines chan *pulumirpc.LogRequest
}

func (e *engineLog) listen(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	pulumirpc.RegisterEngineServer(server, e)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return listener.Addr().String()
}

// Log keeps the line. The provider waits for the answer, so a finished run has all its lines here.
func (e *engineLog) Log(_ context.Context, line *pulumirpc.LogRequest) (*emptypb.Empty, error) {
	e.lines <- line
	return &emptypb.Empty{}, nil
}

func (e *engineLog) next(t *testing.T) *pulumirpc.LogRequest {
	t.Helper()
	select {
	case line := <-e.lines:
		return line
	case <-time.After(30 * time.Second):
		require.Fail(t, "no log line in 30 s")
		return nil
	}
}

func (e *engineLog) text() string {
	var text []string
	for len(e.lines) > 0 {
		text = append(text, (<-e.lines).GetMessage())
	}
	return strings.Join(text, "\n")
}

// inputs are those of a command on the machine, with changes to the connection.
func (b *bench) inputs(values map[string]any, connection ...map[string]any) resource.PropertyMap {
	conn := map[string]any{
		"host": "127.0.0.1", "port": float64(b.port), "user": "admin",
		"privateKey": b.login.Private, "hostKey": b.server.HostKey,
	}
	for _, changes := range connection {
		for key, value := range changes {
			if conn[key] = value; value == nil {
				delete(conn, key)
			}
		}
	}
	values["connection"] = conn
	return resource.NewPropertyMapFromMap(values)
}

func (b *bench) check(urn resource.URN, inputs resource.PropertyMap) resource.PropertyMap {
	b.t.Helper()
	resp, err := b.Check(b.t.Context(), plugin.CheckRequest{URN: urn, News: inputs})
	require.NoError(b.t, err)
	require.Empty(b.t, resp.Failures)
	return resp.Properties
}

func (b *bench) create(inputs resource.PropertyMap) (plugin.CreateResponse, error) {
	b.t.Helper()
	return b.Create(b.t.Context(), plugin.CreateRequest{URN: commandURN, Properties: b.check(commandURN, inputs)})
}

func (b *bench) mustCreate(inputs resource.PropertyMap) plugin.CreateResponse {
	b.t.Helper()
	resp, err := b.create(inputs)
	require.NoError(b.t, err)
	return resp
}

func (b *bench) update(old plugin.CreateResponse, oldInputs, inputs resource.PropertyMap) plugin.UpdateResponse {
	b.t.Helper()
	resp, err := b.Update(b.t.Context(), plugin.UpdateRequest{
		URN: commandURN, ID: old.ID, OldInputs: b.check(commandURN, oldInputs),
		OldOutputs: old.Properties, NewInputs: b.check(commandURN, inputs),
	})
	require.NoError(b.t, err)
	return resp
}

func TestConnection(t *testing.T) {
	t.Run("the_pinned_host_key_is_accepted", func(t *testing.T) {
		b := newBench(t)
		made := b.mustCreate(b.inputs(map[string]any{"create": "echo out; echo err >&2"}))
		assert.Equal(t, "out", made.Properties["stdout"].StringValue())
		assert.Equal(t, "err", made.Properties["stderr"].StringValue())
	})
	t.Run("another_host_key_fails_at_once_and_says_so", func(t *testing.T) {
		b := newBench(t)
		other := sshtest.NewKey(t)
		// With retries this would take minutes and the test's deadline would tell.
		_, err := b.create(b.inputs(map[string]any{"create": "true"},
			map[string]any{"hostKey": other.Public, "dialErrorLimit": 60.0}))
		require.ErrorContains(t, err, "host key mismatch: the server shows ssh-ed25519 SHA256:")
		assert.NotContains(t, b.log.text(), "retrying")
		assert.Empty(t, b.server.Lines())
	})
	t.Run("no_host_key_admits_any_server", func(t *testing.T) {
		b := newBench(t)
		b.mustCreate(b.inputs(map[string]any{"create": "true"}, map[string]any{"hostKey": nil}))
		assert.Len(t, b.server.Lines(), 1)
	})
	t.Run("a_server_that_comes_late_is_waited_for", func(t *testing.T) {
		b := newBench(t)
		free, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		address := free.Addr().(*net.TCPAddr)
		require.NoError(t, free.Close())
		done := make(chan error, 1)
		go func() {
			_, err := b.Create(context.Background(), plugin.CreateRequest{
				URN: commandURN, Properties: b.check(commandURN, b.inputs(map[string]any{"create": "true"},
					map[string]any{"port": float64(address.Port), "dialErrorLimit": 60.0})),
			})
			done <- err
		}()
		line := b.log.next(t)
		assert.Equal(t, "Dial 1/60 failed: retrying", line.GetMessage())
		assert.True(t, line.GetEphemeral())
		b.server.Listen(t, address.String())
		require.NoError(t, <-done)
	})
	t.Run("dials_end_at_the_limit", func(t *testing.T) {
		b := newBench(t)
		_, err := b.create(b.inputs(map[string]any{"create": "true"},
			map[string]any{"privateKey": sshtest.NewKey(t).Private, "dialErrorLimit": 2.0}))
		require.ErrorContains(t, err, "after 2 failed attempts: ssh: handshake failed: ssh: unable to authenticate")
	})
	t.Run("a_server_that_says_nothing_runs_into_the_timeout_of_a_dial", func(t *testing.T) {
		b := newBench(t)
		silent, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		t.Cleanup(func() { _ = silent.Close() })
		start := time.Now()
		_, err = b.create(b.inputs(map[string]any{"create": "true"}, map[string]any{
			"port": float64(silent.Addr().(*net.TCPAddr).Port), "perDialTimeout": 1.0, "dialErrorLimit": 0.0,
		}))
		require.ErrorContains(t, err, "i/o timeout")
		assert.Less(t, time.Since(start), 30*time.Second)
	})
	t.Run("a_password_logs_in", func(t *testing.T) {
		b := newBench(t)
		b.server.Password = "hunter2"
		b.mustCreate(b.inputs(map[string]any{"create": "true"}, map[string]any{"privateKey": nil, "password": "hunter2"}))
	})
	t.Run("a_proxy_is_gone_through", func(t *testing.T) {
		b := newBench(t)
		bastion := sshtest.New(t, "jump", b.login)
		port := bastion.Listen(t, "127.0.0.1:0")
		b.mustCreate(b.inputs(map[string]any{"create": "true"}, map[string]any{"proxy": map[string]any{
			"host": "127.0.0.1", "port": float64(port), "user": "jump",
			"privateKey": b.login.Private, "hostKey": bastion.HostKey,
		}}))
		assert.Equal(t, 1, bastion.Logins())
		assert.Equal(t, []string{"true"}, b.server.Lines())
	})
	t.Run("a_broken_key_is_no_reason_to_dial_again", func(t *testing.T) {
		b := newBench(t)
		_, err := b.create(b.inputs(map[string]any{"create": "true"}, map[string]any{"privateKey": "garbage"}))
		require.EqualError(t, err, "privateKey: ssh: no key found")
	})
}

func TestCheck(t *testing.T) {
	b := newBench(t)
	t.Run("defaults_are_filled_in_and_the_connection_is_secret", func(t *testing.T) {
		checked := b.check(commandURN, resource.NewPropertyMapFromMap(map[string]any{
			"create": "true", "connection": map[string]any{"host": "192.0.2.1"},
		}))
		require.True(t, checked["connection"].IsSecret())
		assert.Equal(t, map[string]any{
			"host": "192.0.2.1", "user": "root", "port": 22.0, "dialErrorLimit": 10.0, "perDialTimeout": 15.0,
		}, checked["connection"].SecretValue().Element.ObjectValue().Mappable())
		assert.True(t, checked["addPreviousOutputInEnv"].BoolValue())
	})
	t.Run("an_unknown_host_is_left_for_later", func(t *testing.T) {
		inputs := b.inputs(map[string]any{"create": "true"})
		inputs["connection"].ObjectValue()["host"] = resource.MakeComputed(resource.NewProperty(""))
		assert.True(t, b.check(commandURN, inputs)["connection"].ContainsUnknowns())
	})
	for _, c := range []struct {
		name, reason string
		change       func(resource.PropertyMap)
	}{
		{
			"a_connection_needs_a_host", "missing required property 'connection.host'",
			func(m resource.PropertyMap) { delete(m["connection"].ObjectValue(), "host") },
		},
		{
			"a_command_needs_a_connection", "missing required property 'connection'",
			func(m resource.PropertyMap) { delete(m, "connection") },
		},
		{
			"logging_is_one_of_four", "must be stdout, stderr, stdoutAndStderr or none",
			func(m resource.PropertyMap) { m["logging"] = resource.NewProperty("loud") },
		},
		{
			"an_unknown_key_is_refused", `json: unknown field "creat"`,
			func(m resource.PropertyMap) { m["creat"] = resource.NewProperty("x") },
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			inputs := b.inputs(map[string]any{"create": "true"})
			c.change(inputs)
			resp, err := b.Check(t.Context(), plugin.CheckRequest{URN: commandURN, News: inputs})
			require.NoError(t, err)
			require.Len(t, resp.Failures, 1)
			assert.Equal(t, c.reason, resp.Failures[0].Reason)
		})
	}
}

func TestDiff(t *testing.T) {
	b := newBench(t)
	base := func() resource.PropertyMap {
		return b.inputs(map[string]any{"create": "true", "triggers": []any{"one"}})
	}
	for _, c := range []struct {
		name     string
		change   func(resource.PropertyMap)
		changes  plugin.DiffChanges
		replaces bool
	}{
		{"nothing_changed", func(resource.PropertyMap) {}, plugin.DiffNone, false},
		{
			"another_command_updates", func(m resource.PropertyMap) { m["create"] = resource.NewProperty("false") },
			plugin.DiffSome, false,
		},
		{
			"another_port_updates",
			func(m resource.PropertyMap) { m["connection"].ObjectValue()["port"] = resource.NewProperty(2222.0) },
			plugin.DiffSome, false,
		},
		{
			"another_trigger_replaces",
			func(m resource.PropertyMap) { m["triggers"] = resource.NewPropertyValue([]any{"two"}) },
			plugin.DiffSome, true,
		},
		{
			"one_trigger_more_replaces",
			func(m resource.PropertyMap) { m["triggers"] = resource.NewPropertyValue([]any{"one", "two"}) },
			plugin.DiffSome, true,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			news := base()
			c.change(news)
			diff, err := b.Diff(t.Context(), plugin.DiffRequest{
				URN: commandURN, OldInputs: b.check(commandURN, base()), NewInputs: b.check(commandURN, news),
			})
			require.NoError(t, err)
			assert.Equal(t, c.changes, diff.Changes)
			assert.Equal(t, c.replaces, len(diff.ReplaceKeys) > 0)
		})
	}
}

func TestRun(t *testing.T) {
	t.Run("stdin_reaches_the_command_and_only_it", func(t *testing.T) {
		b := newBench(t)
		made := b.mustCreate(b.inputs(map[string]any{"create": "wc -c", "stdin": "12345"}))
		assert.Equal(t, "5", strings.TrimSpace(made.Properties["stdout"].StringValue()))
		assert.NotContains(t, b.log.text(), "12345")
	})
	t.Run("environment_is_set_where_the_server_accepts_it", func(t *testing.T) {
		b := newBench(t)
		b.server.AcceptEnv = []string{"GREETING"}
		made := b.mustCreate(b.inputs(map[string]any{
			"create": "echo $GREETING", "environment": map[string]any{"GREETING": "hello"},
		}))
		assert.Equal(t, "hello", made.Properties["stdout"].StringValue())
	})
	t.Run("environment_that_the_server_refuses_is_an_error", func(t *testing.T) {
		b := newBench(t)
		_, err := b.create(b.inputs(map[string]any{
			"create": "true", "environment": map[string]any{"GREETING": "hello"},
		}))
		require.EqualError(t, err, `could not set environment variable "GREETING": ssh: setenv failed`)
		assert.Contains(t, b.log.text(), "Unable to set 'GREETING'. This only works if")
		assert.Empty(t, b.server.Lines())
	})
	t.Run("a_failure_tells_exit_code_command_and_output", func(t *testing.T) {
		b := newBench(t)
		_, err := b.create(b.inputs(map[string]any{"create": "echo why >&2; exit 3", "logging": "none"}))
		require.EqualError(t, err, "Process exited with status 3: running \"echo why >&2; exit 3\":\nwhy\n")
	})
	t.Run("the_previous_output_is_in_the_environment_unless_switched_off", func(t *testing.T) {
		b := newBench(t)
		b.server.AcceptEnv = []string{"PULUMI_COMMAND_STDOUT", "PULUMI_COMMAND_STDERR"}
		first := b.inputs(map[string]any{"create": "echo first"})
		made := b.mustCreate(first)
		show := map[string]any{"create": "echo first", "update": "echo got $PULUMI_COMMAND_STDOUT"}
		assert.Equal(t, "got first", b.update(made, first, b.inputs(show)).Properties["stdout"].StringValue())
		show["addPreviousOutputInEnv"] = false
		assert.Equal(t, "got", b.update(made, first, b.inputs(show)).Properties["stdout"].StringValue())
	})
	t.Run("a_previous_output_that_the_server_refuses_is_a_warning", func(t *testing.T) {
		b := newBench(t)
		first := b.inputs(map[string]any{"create": "echo first"})
		made := b.mustCreate(first)
		b.log.text()
		b.update(made, first, b.inputs(map[string]any{"create": "echo second"}))
		assert.Contains(t, b.log.text(), "Unable to set 'PULUMI_COMMAND_STDOUT'")
	})
}

func TestLogging(t *testing.T) {
	for logging, want := range map[string]string{
		"": "out\nerr", "stdoutAndStderr": "out\nerr", "stdout": "out", "stderr": "err", "none": "",
	} {
		t.Run("logging_"+logging, func(t *testing.T) {
			b := newBench(t)
			values := map[string]any{"create": "echo out; printf err >&2"}
			if logging != "" {
				values["logging"] = logging
			}
			made := b.mustCreate(b.inputs(values))
			assert.ElementsMatch(t, strings.Fields(want), strings.Fields(b.log.text()))
			assert.Equal(t, "out", made.Properties["stdout"].StringValue(), "logging is not capturing")
		})
	}
}

func TestLife(t *testing.T) {
	t.Run("update_runs_update", func(t *testing.T) {
		b := newBench(t)
		inputs := b.inputs(map[string]any{"create": "echo made", "update": "echo updated"})
		b.update(b.mustCreate(inputs), inputs, b.inputs(map[string]any{"create": "echo other", "update": "echo updated"}))
		assert.Equal(t, []string{"echo made", "echo updated"}, b.server.Lines())
	})
	t.Run("update_without_update_runs_create", func(t *testing.T) {
		b := newBench(t)
		inputs := b.inputs(map[string]any{"create": "echo made"})
		b.update(b.mustCreate(inputs), inputs, b.inputs(map[string]any{"create": "echo again"}))
		assert.Equal(t, []string{"echo made", "echo again"}, b.server.Lines())
	})
	t.Run("delete_runs_with_the_connection_of_the_state", func(t *testing.T) {
		b := newBench(t)
		made := b.mustCreate(b.inputs(map[string]any{"create": "true", "delete": "echo gone"}))
		_, err := b.Delete(t.Context(), plugin.DeleteRequest{URN: commandURN, ID: made.ID, Outputs: made.Properties})
		require.NoError(t, err)
		assert.Equal(t, []string{"true", "echo gone"}, b.server.Lines())
	})
	t.Run("without_a_delete_command_nothing_is_connected_to", func(t *testing.T) {
		b := newBench(t)
		made := b.mustCreate(b.inputs(map[string]any{"create": "true"}))
		_, err := b.Delete(t.Context(), plugin.DeleteRequest{URN: commandURN, ID: made.ID, Outputs: made.Properties})
		require.NoError(t, err)
		assert.Equal(t, 1, b.server.Logins())
	})
	t.Run("a_preview_runs_nothing_and_knows_no_output", func(t *testing.T) {
		b := newBench(t)
		checked := b.check(commandURN, b.inputs(map[string]any{"create": "true"}))
		made, err := b.Create(t.Context(), plugin.CreateRequest{URN: commandURN, Properties: checked, Preview: true})
		require.NoError(t, err)
		assert.True(t, made.Properties["stdout"].IsComputed())
		changed, err := b.Update(t.Context(), plugin.UpdateRequest{
			URN: commandURN, OldInputs: checked, OldOutputs: checked, NewInputs: checked, Preview: true,
		})
		require.NoError(t, err)
		assert.True(t, changed.Properties["stderr"].IsComputed())
		assert.Zero(t, b.server.Logins())
	})
	t.Run("secret_inputs_stay_secret_in_the_state", func(t *testing.T) {
		b := newBench(t)
		inputs := b.inputs(map[string]any{"create": "cat >/dev/null", "logging": "none"})
		inputs["stdin"] = resource.MakeSecret(resource.NewProperty("hunter2"))
		made := b.mustCreate(inputs)
		assert.True(t, made.Properties["stdin"].IsSecret())
		assert.True(t, made.Properties["connection"].IsSecret())
		assert.False(t, made.Properties["stdout"].IsSecret(), "additionalSecretOutputs is for the program to say")
	})
}

func TestModel(t *testing.T) {
	model := func(t *testing.T) *bench {
		b := newBench(t)
		state := t.TempDir()
		t.Setenv("TWIN_MODE", "model")
		t.Setenv("TWIN_STATE", state)
		require.NoError(t, os.Mkdir(filepath.Join(state, "answers"), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(state, "answers", "kubeconfig.sh"), []byte("kind: Config\n"), 0o600))
		return b
	}
	t.Run("nothing_is_connected_to", func(t *testing.T) {
		b := model(t)
		made := b.mustCreate(b.inputs(map[string]any{"create": "sudo /opt/join.sh"}))
		assert.Empty(t, made.Properties["stdout"].StringValue())
		assert.Zero(t, b.server.Logins())
	})
	t.Run("a_command_that_names_an_answer_writes_it", func(t *testing.T) {
		b := model(t)
		made := b.mustCreate(b.inputs(map[string]any{"create": "sudo /opt/kubeconfig.sh now"}))
		assert.Equal(t, "kind: Config", made.Properties["stdout"].StringValue())
	})
	for _, c := range []struct {
		name, message string
		change        map[string]any
	}{
		{"a_host_key_is_required", "connection.hostKey <unset>: required, an unknown machine is not to be trusted", map[string]any{"hostKey": nil}},
		{"a_host_key_must_parse", "connection.hostKey: ssh: no key found", map[string]any{"hostKey": "garbage"}},
		{"a_private_key_is_required", "connection.privateKey <unset>: required", map[string]any{"privateKey": nil}},
		{"a_private_key_must_parse", "connection.privateKey <secret>: ssh: no key found", map[string]any{"privateKey": "garbage"}},
		{"a_host_must_not_be_empty", "connection.host <unset>: required", map[string]any{"host": ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := model(t)
			_, err := b.create(b.inputs(map[string]any{"create": "true"}, c.change))
			require.EqualError(t, err, c.message)
		})
	}
}

func TestCopyToRemote(t *testing.T) {
	copyIn := func(b *bench, source resource.PropertyValue, to string) error {
		inputs := b.inputs(map[string]any{"remotePath": to})
		inputs["source"] = source
		_, err := b.Create(b.t.Context(), plugin.CreateRequest{URN: copyURN, Properties: b.check(copyURN, inputs)})
		return err
	}
	t.Run("text_becomes_a_file", func(t *testing.T) {
		b, to := newBench(t), filepath.Join(t.TempDir(), "file")
		text, err := asset.FromText("content")
		require.NoError(t, err)
		require.NoError(t, copyIn(b, resource.NewProperty(text), to))
		written, err := os.ReadFile(to)
		require.NoError(t, err)
		assert.Equal(t, "content", string(written))
	})
	t.Run("a_file_goes_into_an_existing_directory", func(t *testing.T) {
		b, dir := newBench(t), t.TempDir()
		source := filepath.Join(t.TempDir(), "name")
		require.NoError(t, os.WriteFile(source, []byte("content"), 0o600))
		file, err := asset.FromPath(source)
		require.NoError(t, err)
		require.NoError(t, copyIn(b, resource.NewProperty(file), dir))
		assert.FileExists(t, filepath.Join(dir, "name"))
	})
	t.Run("text_into_a_directory_is_an_error", func(t *testing.T) {
		b, dir := newBench(t), t.TempDir()
		text, err := asset.FromText("content")
		require.NoError(t, err)
		require.ErrorContains(t, copyIn(b, resource.NewProperty(text), dir), "is a directory; when using a text asset")
	})
}

func TestLocalCommand(t *testing.T) {
	b := newBench(t)
	made, err := b.Create(t.Context(), plugin.CreateRequest{URN: localURN, Properties: b.check(localURN,
		resource.NewPropertyMapFromMap(map[string]any{
			"create": "cat; echo $GREETING", "stdin": "hello ", "environment": map[string]any{"GREETING": "world"},
		}))})
	require.NoError(t, err)
	assert.Equal(t, "hello world", made.Properties["stdout"].StringValue())
}
