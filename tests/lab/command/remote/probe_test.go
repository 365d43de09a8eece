package remote

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// probe makes calls and writes down the answers, in the record's words.
type probe struct {
	*bench
	written []string
	// stdoutShown is whether the run logs its standard output.
	stdoutShown bool
}

func (p *probe) print(words ...any) {
	p.written = append(p.written, fmt.Sprintln(words...))
}

func (p *probe) logged() {
	for _, line := range p.engine.take() {
		message := line.GetMessage()
		if len(message) > 80 {
			message = fmt.Sprintf("%s… (%d)", message[:40], len(message))
		}
		p.print("    log", line.GetSeverity(), fmt.Sprintf("eph=%v urn=%v %q", line.GetEphemeral(), line.GetUrn() != "", message))
	}
}

func (p *probe) check(label string, inputs resource.PropertyMap) resource.PropertyMap {
	p.t.Helper()
	checked, failures := p.bench.check(inputs)
	p.print(label, "check:", object(checked), failures)
	return checked
}

// create runs inputs that have passed Check; seen is the server that they connect to.
func (p *probe) create(label string, inputs resource.PropertyMap, preview bool) resource.PropertyMap {
	p.t.Helper()
	p.server.Forget()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	resp, err := p.bench.create(ctx, inputs, preview)
	seen := p.server.Seen()
	p.print(label, "create: dials", seen.Dials, "env", seen.Env, "stdin", len(seen.Stdin), outcome(err))
	p.logged()
	if err != nil {
		return nil
	}
	state := p.unpack(resp.GetProperties())
	p.print("    ->", "idlen", len(resp.GetId()), object(state))
	return state
}

func (p *probe) run(label, create string, changes map[string]any) {
	p.t.Helper()
	p.create(label, p.checked(p.inputs(create, changes)), false)
}

func (p *probe) diff(label string, state, inputs, oldInputs resource.PropertyMap) {
	p.t.Helper()
	resp, err := p.provider.Diff(p.t.Context(), &pulumirpc.DiffRequest{
		Id: "x", Urn: urn, Type: token, Name: name,
		Olds: p.pack(state), News: p.pack(inputs), OldInputs: p.pack(oldInputs),
	})
	if err != nil {
		p.print("diff", label, outcome(err))
		return
	}
	detailed := []string{}
	for _, path := range slices.Sorted(maps.Keys(resp.GetDetailedDiff())) {
		change := resp.GetDetailedDiff()[path]
		detailed = append(detailed, fmt.Sprintf("%s:%v:%v", path, change.GetKind(), change.GetInputDiff()))
	}
	p.print("diff", label, resp.GetChanges(), "replaces", resp.GetReplaces(), "dbr", resp.GetDeleteBeforeReplace(),
		"keys", resp.GetDiffs(), detailed)
}

func (p *probe) update(label string, state, oldInputs, inputs resource.PropertyMap, preview bool) {
	p.t.Helper()
	p.server.Forget()
	resp, err := p.bench.update(p.t.Context(), state, oldInputs, inputs, preview)
	p.print("update", label, outcome(err), "env", p.server.Seen().Env)
	p.logged()
	if err == nil {
		p.print("    ->", object(p.unpack(resp.GetProperties())))
	}
}

func (p *probe) delete(label string, state, oldInputs resource.PropertyMap) {
	p.t.Helper()
	p.server.Forget()
	err := p.bench.delete(p.t.Context(), state, oldInputs)
	p.print("delete", label, outcome(err), "env", p.server.Seen().Env, "stdin", p.server.Seen().Stdin)
	p.logged()
}

func outcome(err error) string {
	if err == nil {
		return "ok"
	}
	text := err.Error()
	if len(text) > 400 {
		text = text[:200] + "…" + text[len(text)-150:]
	}
	return fmt.Sprintf("ERR %q", text)
}

// object and show write properties so that runs can be compared: without the keys and ports, which every run has of its own.
func object(properties resource.PropertyMap) string {
	fields := []string{}
	for _, key := range properties.StableKeys() {
		text := show(properties[key])
		if key == "port" {
			text = "PORT"
		}
		fields = append(fields, string(key)+"="+text)
	}
	return "{" + strings.Join(fields, " ") + "}"
}

func show(value resource.PropertyValue) string {
	switch {
	case value.IsSecret():
		return "secret(" + show(value.SecretValue().Element) + ")"
	case value.IsComputed():
		return "unknown"
	case value.IsObject():
		return object(value.ObjectValue())
	case value.IsArray():
		items := []string{}
		for _, item := range value.ArrayValue() {
			items = append(items, show(item))
		}
		return "[" + strings.Join(items, ",") + "]"
	case !value.IsString():
		return fmt.Sprint(value.V)
	}
	switch text := value.StringValue(); {
	case strings.HasPrefix(text, "-----BEGIN"):
		return "KEY"
	case strings.HasPrefix(text, "ssh-"):
		return "PUB"
	case len(text) > 60:
		return fmt.Sprintf("%q", fmt.Sprintf("%s…(%d)", text[:20], len(text)))
	default:
		return fmt.Sprintf("%q", text)
	}
}
