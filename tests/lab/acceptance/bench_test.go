package acceptance_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/acceptance/wire"
	"ecommerce-platform/tests/lab/engine"
	"ecommerce-platform/tests/lab/toolchain"
)

// Secrets of the test stacks; a policy pack that shows one has failed.
const (
	keySeed          = "a seed that only these tests know, 0815 0815"
	databasePassword = "a-password-that-only-these-tests-know"
)

// bench is where variants are tried: the program, compiled once and run behind edits, in an account of its own.
type bench struct {
	*engine.Workspace
	// account is the directory of the twin's state.
	account string
	edits   string
	pack    string
	stacks  map[string]*engine.Stack
	options engine.Options
	// kubeconfig is of the control plane that stacks are deployed to, where there is one.
	kubeconfig string
}

// static are the toolchain's settings, so that the scheduler is compiled once for the pack and for the simulation. The program
// is built as its language host does.
var static = []string{"CGO_ENABLED=0", "GOFLAGS=-buildvcs=false"}

// sources are the programs of this repository that tests run: a directory from the lab's, a package in it, and settings.
var sources = map[string]struct {
	dir, pkg string
	env      []string
}{
	"program": {"../..", ".", nil}, "simulate": {"../../policy", "./cmd/simulate", static},
}

var built = struct {
	sync.Mutex
	paths map[string]string
}{paths: map[string]string{}}

// executable builds a program of this repository, once for all tests.
func executable(t *testing.T, name string) string {
	t.Helper()
	built.Lock()
	defer built.Unlock()
	if path, ok := built.paths[name]; ok {
		return path
	}
	dir, err := toolchain.Source(sources[name].dir)
	require.NoError(t, err)
	path := filepath.Join(binaries, name)
	_, err = toolchain.Command{
		Dir: dir, Args: []string{"go", "build", "-trimpath", "-o", path, sources[name].pkg},
		Env: append([]string{"GOWORK=off"}, sources[name].env...),
	}.Output(t.Context())
	require.NoError(t, err)
	built.paths[name] = path
	return path
}

// newBench makes an empty account and a directory in which the program is this test's executable.
func newBench(t *testing.T) *bench {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	pack, err := toolchain.PolicyPack(t.Context())
	require.NoError(t, err)
	dir := t.TempDir()
	b := &bench{
		account: filepath.Join(dir, "account"), edits: filepath.Join(dir, "edits.json"), pack: pack,
		stacks: map[string]*engine.Stack{},
	}
	program := filepath.Join(dir, "program")
	for _, made := range []string{program, b.account} {
		require.NoError(t, os.MkdirAll(made, 0o700))
	}
	copyFile(t, program, "Pulumi.dev.yaml", nil)
	copyFile(t, program, "Pulumi.yaml", strings.NewReplacer("buildTarget: bin/ecommerce-platform", "binary: "+self))
	b.options = engine.Options{
		Program: program, Dir: filepath.Join(dir, "pulumi"),
		Env: []string{
			"TWIN_MODE=model", "TWIN_STATE=" + b.account,
			wire.ProgramVariable + "=" + executable(t, "program"), wire.EditsVariable + "=" + b.edits,
		},
	}
	b.Workspace, err = engine.New(t.Context(), b.options)
	require.NoError(t, err)
	return b
}

// Variables that name the files that tell the policy pack what runs, and where its pods are.
const (
	stateVariable      = "PLATFORM_STATE"
	kubeconfigVariable = "PLATFORM_KUBECONFIG"
)

// runs tells the policy pack of what runs: a stack as it is exported, and the cluster that holds its objects.
func (b *bench) runs(t *testing.T, state []byte) {
	t.Helper()
	path := filepath.Join(filepath.Dir(b.account), "state.json")
	require.NoError(t, os.WriteFile(path, state, 0o600))
	options := b.options
	options.Env = append(slices.Clone(options.Env), stateVariable+"="+path, kubeconfigVariable+"="+b.kubeconfig)
	var err error
	b.Workspace, err = engine.New(t.Context(), options)
	require.NoError(t, err)
	b.stacks = map[string]*engine.Stack{}
}

func copyFile(t *testing.T, dir, name string, change *strings.Replacer) {
	t.Helper()
	source, err := toolchain.Source("..", "..", name)
	require.NoError(t, err)
	body, err := os.ReadFile(source)
	require.NoError(t, err)
	text := string(body)
	if change != nil {
		text = change.Replace(text)
		require.NotEqual(t, string(body), text, name)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
}

// lower names, for stacks of one layer, the stack of the layer below.
var lower = map[string]string{"dev-cluster": "dev-infra"}

// stack makes the config of a stack and says what becomes of the program's registrations.
func (b *bench) stack(t *testing.T, name string, config map[string]any, edits []wire.Edit) *engine.Stack {
	t.Helper()
	stack, ok := b.stacks[name]
	if !ok {
		if below := lower[name]; below != "" {
			// What the layer reads must be there: addresses of machines are known from then on.
			_, err := b.stack(t, below, object{"layers": []string{strings.TrimPrefix(below, "dev-")}}, nil).Up(t.Context())
			require.NoError(t, err)
		}
		var err error
		stack, err = b.Stack(t.Context(), name)
		require.NoError(t, err)
		require.NoError(t, stack.SetSecret(t.Context(), "keySeed", keySeed))
		require.NoError(t, stack.SetSecret(t.Context(), "databasePassword", databasePassword))
		b.stacks[name] = stack
	}
	values := map[string]any{"adminCidrs": []string{"203.0.113.7/32"}, "aws:region": "eu-central-1"}
	for key, value := range config {
		values[key] = value
	}
	require.NoError(t, stack.Configure("dev", values))
	b.edit(t, edits)
	return stack
}

func (b *bench) edit(t *testing.T, edits []wire.Edit) {
	t.Helper()
	if edits == nil {
		edits = []wire.Edit{}
	}
	body, err := json.Marshal(edits)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(b.edits, body, 0o600))
}

// benches hands out as many benches as there are processors; a bench runs one preview at a time.
type benches chan *bench

func newBenches(t *testing.T) benches {
	t.Helper()
	all := make(benches, runtime.NumCPU())
	for range cap(all) {
		all <- newBench(t)
	}
	return all
}
