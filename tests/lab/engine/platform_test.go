package engine_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/engine"
	"ecommerce-platform/tests/lab/toolchain"
	"ecommerce-platform/tests/lab/twin"
)

// Secrets of the test stacks, which must show up nowhere.
const (
	keySeed          = "a seed that only the engine tests know, 4711"
	databasePassword = "a-password-that-only-the-engine-tests-know"
)

// platform is the program with an account of its own in the twin's model mode.
type platform struct {
	t *testing.T
	*engine.Workspace
	// account is the directory of the twin's state, dir the workspace's.
	account, dir string
}

// newPlatform has variables for the twin besides those that every test needs.
func newPlatform(t *testing.T, env ...string) *platform {
	t.Helper()
	program, err := toolchain.Source("..", "..")
	require.NoError(t, err)
	p := &platform{t: t, account: t.TempDir(), dir: t.TempDir()}
	p.Workspace, err = engine.New(t.Context(), engine.Options{
		Program: program, Dir: p.dir,
		Env: append([]string{
			"TWIN_MODE=model", "TWIN_STATE=" + p.account,
			// What the Kubernetes provider recommends where it reaches nobody must do no harm.
			"PULUMI_K8S_DELETE_UNREACHABLE=true",
		}, env...),
	})
	require.NoError(t, err)
	return p
}

// answerKubeconfig lets the control plane's step that reads the kubeconfig answer with this file.
func (p *platform) answerKubeconfig(kubeconfig string) {
	p.t.Helper()
	body, err := os.ReadFile(kubeconfig)
	require.NoError(p.t, err)
	answers := filepath.Join(p.account, "answers")
	require.NoError(p.t, os.MkdirAll(answers, 0o700))
	require.NoError(p.t, os.WriteFile(filepath.Join(answers, "kubeconfig.sh"), body, 0o600))
}

// stack returns a stack with the checked-in dev config, the values that a person must choose, and changes.
func (p *platform) stack(name string, changes map[string]any) *engine.Stack {
	p.t.Helper()
	stack, err := p.Stack(p.t.Context(), name)
	require.NoError(p.t, err)
	p.configure(stack, changes)
	require.NoError(p.t, stack.SetSecret(p.t.Context(), "keySeed", keySeed))
	require.NoError(p.t, stack.SetSecret(p.t.Context(), "databasePassword", databasePassword))
	return stack
}

func (p *platform) configure(stack *engine.Stack, changes map[string]any) {
	p.t.Helper()
	values := map[string]any{"adminCidrs": []string{"203.0.113.7/32"}, "aws:region": "eu-central-1"}
	for key, value := range changes {
		values[key] = value
	}
	require.NoError(p.t, stack.Configure("dev", values))
}

// resources returns what is in the account, by type and name.
func (p *platform) resources() *twin.State {
	p.t.Helper()
	state := &twin.State{}
	body, err := os.ReadFile(filepath.Join(p.account, "ec2.json"))
	require.NoError(p.t, err)
	require.NoError(p.t, json.Unmarshal(body, state))
	return state
}

// stop stops a node's instance as somebody at AWS's console would.
func (p *platform) stop(t *testing.T, node string) {
	t.Helper()
	store, found := twin.Store{Dir: p.account}, false
	require.NoError(t, store.With(t.Context(), func(state *twin.State) error {
		for _, r := range state.Resources {
			if r.Type == "aws:ec2/instance:Instance" && strings.HasSuffix(r.URN, "::"+node) {
				r.Outputs["instanceState"], found = "stopped", true
			}
		}
		return nil
	}))
	require.True(t, found, "no machine of that name")
}

// terminate ends a node's instance as somebody at AWS's console would, and what is only said of it.
func (p *platform) terminate(t *testing.T, node string) {
	t.Helper()
	store, gone := twin.Store{Dir: p.account}, ""
	require.NoError(t, store.With(t.Context(), func(state *twin.State) error {
		for id, r := range state.Resources {
			if r.Type == "aws:ec2/instance:Instance" && strings.HasSuffix(r.URN, "::"+node) {
				gone = id
				delete(state.Resources, id)
			}
		}
		for id, r := range state.Resources {
			if r.Type != "aws:ec2/instance:Instance" && r.Text("instanceId") == gone {
				delete(state.Resources, id)
			}
		}
		return nil
	}))
	require.NotEmpty(t, gone, "no machine of that name")
}

// forget takes a resource on which no other depends out of the state, as a run leaves it that is killed before it has noted what it made.
func (p *platform) forget(t *testing.T, stack *engine.Stack, token, name string) {
	t.Helper()
	path := filepath.Join(p.dir, "backend", ".pulumi", "stacks", "ecommerce-platform", stack.Name+".json")
	body, err := os.ReadFile(path)
	require.NoError(t, err)
	var file map[string]any
	require.NoError(t, json.Unmarshal(body, &file))
	latest := file["checkpoint"].(map[string]any)["latest"].(map[string]any)
	var kept []any
	for _, r := range latest["resources"].([]any) {
		urn := engine.URN(r.(map[string]any)["urn"].(string))
		if string(urn.Type()) != token || urn.Name() != name {
			kept = append(kept, r)
		}
	}
	require.Len(t, kept, len(latest["resources"].([]any))-1)
	latest["resources"] = kept
	body, err = json.Marshal(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, body, 0o600))
}

// publishImage makes a newer machine image than any other.
func (p *platform) publishImage(name string) {
	p.t.Helper()
	path := filepath.Join(p.account, "amis.json")
	var images []twin.Image
	body, err := os.ReadFile(path)
	require.NoError(p.t, err, "the first lookup of an image writes the list")
	require.NoError(p.t, json.Unmarshal(body, &images))
	images = append(images, twin.NewImage(name, "x86_64", "2099-01-01T00:00:00.000Z"))
	body, err = json.Marshal(images)
	require.NoError(p.t, err)
	require.NoError(p.t, os.WriteFile(path, body, 0o600))
}
