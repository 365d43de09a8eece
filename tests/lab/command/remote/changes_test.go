package remote

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
	"google.golang.org/protobuf/types/known/emptypb"

	"ecommerce-platform/tests/lab/command/sshtest"
)

func (p *probe) diffs(state, inputs resource.PropertyMap) {
	p.print("== diff")
	with := func(key resource.PropertyKey, value resource.PropertyValue) resource.PropertyMap {
		changed := inputs.Copy()
		changed[key] = value
		return changed
	}
	p.diff("same", state, inputs, inputs)
	p.diff("create", state, with("create", resource.NewProperty("hello2")), inputs)
	p.diff("trigger elem", state, with("triggers", resource.NewPropertyValue([]any{"b"})), inputs)
	p.diff("trigger added", state, with("triggers", resource.NewPropertyValue([]any{"a", "b"})), inputs)
	without := inputs.Copy()
	delete(without, "triggers")
	p.diff("trigger removed", state, without, inputs)
	p.diff("stdin becomes secret", state, with("stdin", resource.MakeSecret(resource.NewProperty("input"))), inputs)
	p.diff("stdin unknown", state, with("stdin", resource.MakeComputed(resource.NewProperty(""))), inputs)
	p.diff("connection", state, with("connection", patient(inputs)), inputs)
	drifted := state.Copy()
	drifted["create"] = resource.NewProperty("drifted")
	p.diff("state drifted", drifted, inputs, inputs)
}

// patient is the inputs' connection with one more dial.
func patient(inputs resource.PropertyMap) resource.PropertyValue {
	connection := inputs["connection"].SecretValue().Element.ObjectValue().Copy()
	connection["dialErrorLimit"] = resource.NewProperty(3.0)
	return resource.MakeSecret(resource.NewProperty(connection))
}

func (p *probe) changes(state, inputs resource.PropertyMap) {
	p.print("== update/delete")
	changed := inputs.Copy()
	changed["create"] = resource.NewProperty("hello2")
	p.update("preview create", state, inputs, changed, true)
	p.update("create", state, inputs, changed, false)
	changed["update"] = resource.NewProperty("upd")
	p.update("update", state, inputs, changed, false)
	changed = inputs.Copy()
	changed["connection"] = patient(inputs)
	p.update("preview connection only", state, inputs, changed, true)
	changed = inputs.Copy()
	changed["create"] = resource.NewProperty("fail")
	p.update("fail", state, inputs, changed, false)
	changed = inputs.Copy()
	delete(changed, "create")
	p.update("no create", state, inputs, changed, false)

	p.delete("plain", state, inputs)
	failing := state.Copy()
	failing["addPreviousOutputInEnv"], failing["delete"] = resource.NewProperty(true), resource.NewProperty("fail")
	p.delete("failing, prev env", failing, inputs)

	read, err := p.provider.Read(p.t.Context(), &pulumirpc.ReadRequest{
		Id: "x", Urn: urn, Type: token, Name: name, Properties: p.pack(state), Inputs: p.pack(inputs),
	})
	require.NoError(p.t, err)
	p.print("read same:", p.unpack(read.GetProperties()).DeepEquals(state), p.unpack(read.GetInputs()).DeepEquals(inputs))
}

func (p *probe) runs() {
	p.print("== runs")
	p.stdoutShown = true
	for _, line := range []string{"both", "fail", "binary", "drop", "signal", "long"} {
		p.run(line, line, nil)
	}
	for _, logging := range []string{"stdout", "stderr", "none", "stdoutAndStderr"} {
		p.stdoutShown = strings.HasPrefix(logging, "stdout")
		p.run("both logging="+logging, "both", map[string]any{"logging": logging})
	}
	p.run("long logging=stderr", "long", map[string]any{"logging": "stderr"})
}

func (p *probe) connections() {
	p.print("== connections")
	run := func(label string, changes map[string]any) {
		p.t.Helper()
		p.run(label, "x", map[string]any{"connection": p.connection(p.port, changes)})
	}
	run("wrong hostkey", map[string]any{"hostKey": sshtest.NewKey(p.t).Public})
	run("bad hostkey", map[string]any{"hostKey": "junk"})
	run("bad privatekey", map[string]any{"privateKey": "junk"})

	other := func(login sshtest.Key, change func(*sshtest.Server)) {
		p.server = sshtest.New(p.t, "admin", login)
		p.server.Answer = p.answer
		change(p.server)
		p.port = p.server.Listen(p.t, "127.0.0.1:0")
	}
	other(p.login, func(s *sshtest.Server) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(p.t, err)
		signer, err := ssh.NewSignerFromKey(key)
		require.NoError(p.t, err)
		s.AddHostKey(signer)
	})
	run("two hostkeys, pinned ed25519", nil)
	other(sshtest.NewKey(p.t), func(*sshtest.Server) {})
	run("auth refused", nil)
	run("closed port", map[string]any{"port": 1.0})
	other(p.login, func(*sshtest.Server) {})
	p.run("env refused", "x", map[string]any{"environment": map[string]any{"A": "b"}})
	other(p.login, func(s *sshtest.Server) { s.Silent = true })
	run("silent server", nil)
	go func() {
		for range 6 {
			<-p.engine.next
		}
		_, _ = p.provider.Cancel(p.t.Context(), &emptypb.Empty{})
	}()
	run("cancel while dialling", map[string]any{"port": 1.0, "dialErrorLimit": 60.0})
}
