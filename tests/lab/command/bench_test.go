package command

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
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
