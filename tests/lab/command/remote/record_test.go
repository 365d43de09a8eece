package remote

import (
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"ecommerce-platform/tests/lab/command/sshtest"
)

// patience is after how long a call that hangs in the record is given up.
const patience = 5 * time.Second

// Both sides leave out how long a call took, and which end of the connection noticed that its time was over.
var (
	took     = regexp.MustCompile(`create: \S+ dials`)
	deadline = regexp.MustCompile(`(code = DeadlineExceeded) desc = .*`)
)

// unlike are the lines that are not compared, and why.
var unlike = map[string]string{
	"binary create:": "an error on both sides; the SDK that this is built with finds the broken text before gRPC does",
}

// TestRecord makes the calls of the record to the stand-in, or with -provider to the original.
func TestRecord(t *testing.T) {
	p := &probe{bench: newBench(t)}
	p.server.AcceptEnv = []string{"PULUMI_COMMAND_STDOUT"}
	p.server.Answer = p.answer
	p.configure()
	state, inputs := p.plain()
	p.checks()
	p.diffs(state, inputs)
	p.changes(state, inputs)
	p.runs()
	p.connections()

	record, err := os.ReadFile("testdata/command-" + Version + ".txt")
	require.NoError(t, err)
	got := comparable(p.written)
	assert.Equal(t, comparable(strings.Split(strings.TrimSpace(string(record)), "\n")), got)
}

func comparable(lines []string) []string {
	var kept []string
	for _, line := range lines {
		// Messages of protocol buffers are printed with one space or two between fields.
		line = strings.Join(strings.Fields(line), " ")
		line = deadline.ReplaceAllString(took.ReplaceAllString(line, "create: dials"), "$1")
		left := false
		for prefix := range unlike {
			left = left || strings.HasPrefix(line, prefix)
		}
		if !left {
			kept = append(kept, line)
		}
	}
	return kept
}

// answer is what the machine does. It writes to the second stream when the first one's lines have been logged: SSH
// does not keep the streams in order.
func (p *probe) answer(s *sshtest.Session) {
	logged := func() { <-p.engine.next }
	switch s.Line {
	case "long":
		_, _ = io.WriteString(s.Stdout, strings.Repeat("x", 200000)+"\nafter\n")
	case "both":
		_, _ = io.WriteString(s.Stdout, "out1\nout2\r\n\npartial")
		if p.stdoutShown {
			logged()
		}
		_, _ = io.WriteString(s.Stderr, "err1\n")
	case "fail":
		_, _ = io.WriteString(s.Stdout, "some out\n")
		logged()
		_, _ = io.WriteString(s.Stderr, "some err\n")
		s.Exit(3)
		return
	case "binary":
		_, _ = io.WriteString(s.Stdout, "ab\xff\xfecd\n")
	case "drop":
		_, _ = io.WriteString(s.Stdout, "half\n")
		s.Drop()
		return
	case "signal":
		s.Kill("KILL")
		return
	default:
		_, _ = io.WriteString(s.Stdout, "ran "+s.Line+"\n")
	}
	s.Exit(0)
}

func (p *probe) configure() {
	ctx := p.t.Context()
	shaken, err := p.provider.Handshake(ctx, &pulumirpc.ProviderHandshakeRequest{EngineAddress: p.address})
	p.print("handshake:", shaken, outcome(err))
	configured, err := p.provider.Configure(ctx, &pulumirpc.ConfigureRequest{
		AcceptSecrets: true, AcceptResources: true, Args: &structpb.Struct{},
		SendsOldInputs: true, SendsOldInputsToDelete: true,
	})
	p.print("configure:", configured, outcome(err))
	info, err := p.provider.GetPluginInfo(ctx, &emptypb.Empty{})
	if info.GetVersion() == "" {
		// A plugin's version is stamped into it, and an original that was built by hand may lack it.
		info = &pulumirpc.PluginInfo{Version: Version}
	}
	p.print("info:", info, outcome(err))
}

func (p *probe) plain() (state, inputs resource.PropertyMap) {
	p.print("== plain")
	inputs = p.check("plain", p.inputs("hello", map[string]any{"stdin": "input", "delete": "bye", "triggers": []any{"a"}}))
	p.create("preview", inputs, true)
	return p.create("plain", inputs, false), inputs
}

func (p *probe) checks() {
	p.print("== check failures")
	plain := resource.NewPropertyMapFromMap
	known := p.connection(p.port, nil)
	p.check("no connection", plain(map[string]any{"create": "x"}))
	p.check("no host", plain(map[string]any{"create": "x", "connection": map[string]any{"user": "x"}}))
	p.check("unknown key", plain(map[string]any{"create": "x", "connection": known, "nonsense": 1.0}))
	p.check("bad logging", plain(map[string]any{"create": "x", "connection": known, "logging": "loud"}))
	p.check("wrong type", plain(map[string]any{"create": 5.0, "connection": known}))
	p.check("defaults", plain(map[string]any{"connection": map[string]any{"host": "h"}}))

	unknown := resource.MakeComputed(resource.NewProperty(""))
	inputs := p.inputs("x", nil)
	inputs["create"], inputs["stdin"] = unknown, resource.MakeSecret(unknown)
	inputs["connection"].ObjectValue()["host"] = unknown
	p.create("unknowns preview", p.check("unknowns", inputs), true)

	inputs = p.inputs("x", nil)
	inputs["stdin"] = resource.MakeSecret(resource.NewProperty("top secret"))
	connection := inputs["connection"].ObjectValue()
	connection["privateKey"] = resource.MakeSecret(connection["privateKey"])
	p.create("secret stdin", p.check("secret stdin", inputs), false)

	for _, whole := range []struct {
		label      string
		connection resource.PropertyValue
	}{{"unknown connection", unknown}, {"secret unknown connection", resource.MakeSecret(unknown)}} {
		inputs = p.inputs("x", nil)
		inputs["connection"] = whole.connection
		p.create(whole.label+" preview", p.check(whole.label, inputs), true)
	}
}
