package remote

import (
	"bufio"
	"context"
	"flag"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/structpb"

	"ecommerce-platform/tests/lab/command/sshtest"
)

var original = flag.String("provider", "", "plugin to ask instead of the stand-in")

const (
	urn   = "urn:pulumi:dev::p::command:remote:Command::name"
	token = "command:remote:Command"
	name  = "name"
)

// bench is a provider as an engine speaks to it, and a machine.
type bench struct {
	t        *testing.T
	provider pulumirpc.ResourceProviderClient
	engine   *engine
	address  string // the engine's
	server   *sshtest.Server
	login    sshtest.Key
	port     int
}

func newBench(t *testing.T) *bench {
	t.Helper()
	t.Setenv("SSH_AUTH_SOCK", "")
	t.Setenv("TWIN_MODE", "machine")
	b := &bench{t: t, engine: newEngine(), login: sshtest.NewKey(t)}
	b.server = sshtest.New(t, "admin", b.login)
	b.port = b.server.Listen(t, "127.0.0.1:0")
	b.address = serve(t, func(s *grpc.Server) { pulumirpc.RegisterEngineServer(s, b.engine) })
	at := ""
	if *original != "" {
		at = start(t, *original, b.address)
	} else {
		provider, err := New(b.address)
		require.NoError(t, err)
		at = serve(t, func(s *grpc.Server) { pulumirpc.RegisterResourceProviderServer(s, provider) })
	}
	conn, err := grpc.NewClient(at, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	b.provider = pulumirpc.NewResourceProviderClient(conn)
	return b
}

func serve(t *testing.T, register func(*grpc.Server)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	register(server)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return listener.Addr().String()
}

func start(t *testing.T, path, engine string) string {
	t.Helper()
	cmd := exec.Command(path, engine)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	port, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	return "127.0.0.1:" + strings.TrimSpace(port)
}

var keepAll = plugin.MarshalOptions{KeepSecrets: true, KeepUnknowns: true, KeepResources: true}

func (b *bench) pack(properties resource.PropertyMap) *structpb.Struct {
	b.t.Helper()
	packed, err := plugin.MarshalProperties(properties, keepAll)
	require.NoError(b.t, err)
	return packed
}

func (b *bench) unpack(packed *structpb.Struct) resource.PropertyMap {
	b.t.Helper()
	properties, err := plugin.UnmarshalProperties(packed, keepAll)
	require.NoError(b.t, err)
	return properties
}

// connection is one with the machine, with changes; nil takes a field away.
func (b *bench) connection(port int, changes map[string]any) map[string]any {
	connection := map[string]any{
		"host": "127.0.0.1", "port": float64(port), "user": "admin", "privateKey": b.login.Private,
		"hostKey": b.server.HostKey, "dialErrorLimit": 2.0, "perDialTimeout": 2.0,
	}
	for key, value := range changes {
		if connection[key] = value; value == nil {
			delete(connection, key)
		}
	}
	return connection
}

func (b *bench) inputs(create string, changes map[string]any) resource.PropertyMap {
	values := map[string]any{
		"connection": b.connection(b.port, nil), "create": create, "addPreviousOutputInEnv": false,
	}
	for key, value := range changes {
		values[key] = value
	}
	return resource.NewPropertyMapFromMap(values)
}

func (b *bench) check(inputs resource.PropertyMap) (resource.PropertyMap, []*pulumirpc.CheckFailure) {
	b.t.Helper()
	resp, err := b.provider.Check(b.t.Context(), &pulumirpc.CheckRequest{
		Urn: urn, Type: token, Name: name, Olds: &structpb.Struct{}, News: b.pack(inputs), RandomSeed: make([]byte, 32),
	})
	require.NoError(b.t, err)
	return b.unpack(resp.GetInputs()), resp.GetFailures()
}

// checked are inputs that pass Check.
func (b *bench) checked(inputs resource.PropertyMap) resource.PropertyMap {
	b.t.Helper()
	inputs, failures := b.check(inputs)
	require.Empty(b.t, failures)
	return inputs
}

func (b *bench) create(ctx context.Context, inputs resource.PropertyMap, preview bool) (*pulumirpc.CreateResponse, error) {
	b.t.Helper()
	return b.provider.Create(ctx, &pulumirpc.CreateRequest{
		Urn: urn, Type: token, Name: name, Properties: b.pack(inputs), Preview: preview,
	})
}

func (b *bench) update(ctx context.Context, state, oldInputs, inputs resource.PropertyMap, preview bool) (
	*pulumirpc.UpdateResponse, error,
) {
	b.t.Helper()
	return b.provider.Update(ctx, &pulumirpc.UpdateRequest{
		Id: "x", Urn: urn, Type: token, Name: name, Olds: b.pack(state), News: b.pack(inputs),
		OldInputs: b.pack(oldInputs), Preview: preview,
	})
}

func (b *bench) delete(ctx context.Context, state, oldInputs resource.PropertyMap) error {
	b.t.Helper()
	_, err := b.provider.Delete(ctx, &pulumirpc.DeleteRequest{
		Id: "x", Urn: urn, Type: token, Name: name, Properties: b.pack(state), OldInputs: b.pack(oldInputs),
	})
	return err
}
