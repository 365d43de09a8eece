package pulumitest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Recorder holds what a program registered. Its methods are for use after the run.
type Recorder struct {
	mu        sync.Mutex
	resources []*Resource
	byURN     map[string]*Resource
	byKey     map[key]*Resource
	exports   resource.PropertyMap
	logs      []string
	calls     []Call
	problems  []string

	dryRun       bool
	isUnknown    func(res *Resource, output string) bool
	outputs      map[string][]func(*Resource) map[string]any
	invokes      map[string]func(map[string]any) (map[string]any, error)
	references   map[string]map[string]any
	config       map[string]string
	secretConfig []string
	failures     map[key]string
	onStack      map[string]bool
}

type key struct{ typ, name string }

// Call is one function call (invoke) of the program.
type Call struct {
	Token    string
	Args     map[string]any
	Provider string
}

func newRecorder(opts []Option) *Recorder {
	r := &Recorder{
		byURN:      map[string]*Resource{},
		byKey:      map[key]*Resource{},
		isUnknown:  func(*Resource, string) bool { return false },
		outputs:    defaultOutputs(),
		invokes:    defaultInvokes(),
		references: map[string]map[string]any{},
		config:     map[string]string{},
		failures:   map[key]string{},
		onStack:    map[string]bool{},
	}
	for _, opt := range opts {
		opt(r)
	}
	return r
}

// All are the resources of the given types in order of registration; of every type if none is given.
func (r *Recorder) All(types ...string) []*Resource {
	var all []*Resource
	for _, res := range r.resources {
		if len(types) == 0 || slices.Contains(types, res.Type) {
			all = append(all, res)
		}
	}
	return all
}

// Names are the names of the resources of a type, sorted.
func (r *Recorder) Names(typ string) []string {
	names := []string{}
	for _, res := range r.All(typ) {
		names = append(names, res.Name)
	}
	slices.Sort(names)
	return names
}

// Types are the types that occur, sorted.
func (r *Recorder) Types() []string {
	var types []string
	for _, res := range r.resources {
		types = append(types, res.Type)
	}
	slices.Sort(types)
	return slices.Compact(types)
}

// Get is the resource of this type and name; it fails the test if there is none.
func (r *Recorder) Get(t testing.TB, typ, name string) *Resource {
	t.Helper()
	res := r.Find(typ, name)
	if res == nil {
		t.Fatalf("no resource %s %q; there are %q", typ, name, r.Names(typ))
	}
	return res
}

// Find is like Get, with nil for none.
func (r *Recorder) Find(typ, name string) *Resource { return r.byKey[key{typ, name}] }

// ByURN is the resource with this URN, nil if there is none.
func (r *Recorder) ByURN(urn string) *Resource { return r.byURN[urn] }

// Parent is the resource's parent, nil for the stack.
func (r *Recorder) Parent(res *Resource) *Resource { return r.byURN[res.Parent] }

// Children are the resources directly below one, in order of registration.
func (r *Recorder) Children(parent *Resource) []*Resource {
	var children []*Resource
	for _, res := range r.resources {
		if res.Parent == parent.URN {
			children = append(children, res)
		}
	}
	return children
}

// WaitsFor reports whether a resource waits for another, directly or through others. As in the engine, to wait
// for a component is to wait for its children.
func (r *Recorder) WaitsFor(res, other *Resource) bool {
	seen := map[string]bool{}
	var visit func(*Resource) bool
	visit = func(from *Resource) bool {
		if from == nil || seen[from.URN] {
			return false
		}
		seen[from.URN] = true
		for _, urn := range from.Dependencies {
			dep := r.byURN[urn]
			if urn == other.URN || visit(dep) {
				return true
			}
			if dep != nil && !dep.Custom && slices.ContainsFunc(r.Children(dep), func(child *Resource) bool {
				return child == other || visit(child)
			}) {
				return true
			}
		}
		return false
	}
	return visit(res)
}

// Export is the value of a stack output as Input gives it, nil if it was not exported.
func (r *Recorder) Export(name string) any { return lookup(r.exports, name).plain() }

// ExportNames are the names of the stack's outputs, sorted.
func (r *Recorder) ExportNames() []string {
	return (&Resource{Inputs: r.exports}).InputKeys()
}

// IsSecretExport reports whether the stack output at the path is secret.
func (r *Recorder) IsSecretExport(path string) bool { return lookup(r.exports, path).secret }

// Logs are the messages the program logged, as "severity: message".
func (r *Recorder) Logs() []string { return r.logs }

// Calls are the program's function calls in order.
func (r *Recorder) Calls() []Call { return r.calls }

// FindPlain lists where a text occurs outside of secrets: names, inputs, outputs, stack outputs, calls and logs.
func (r *Recorder) FindPlain(text string) []string {
	var places []string
	look := func(place string) func(path, value string) {
		return func(path, value string) {
			if strings.Contains(value, text) {
				places = append(places, place+path)
			}
		}
	}
	for _, res := range r.resources {
		look(res.Type)(" name", res.Name)
		walkPlain(" inputs", resource.NewProperty(res.Inputs), look(res.Type+" "+res.Name))
		walkPlain(" outputs", resource.NewProperty(res.Outputs), look(res.Type+" "+res.Name))
	}
	walkPlain("", resource.NewProperty(r.exports), look("stack outputs"))
	for i, line := range r.logs {
		look("log")(fmt.Sprintf("[%d]", i), line)
	}
	for _, call := range r.calls {
		walkPlain("", resource.NewPropertyValue(call.Args), look("call "+call.Token))
	}
	return places
}

func (r *Recorder) problem(format string, args ...any) {
	r.problems = append(r.problems, fmt.Sprintf(format, args...))
}

// finish lists what is wrong with the whole run. After an error the program may have stopped half-way.
func (r *Recorder) finish(complete bool) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, res := range r.resources {
		if complete && !res.Custom && !res.Read && !res.registeredOutputs {
			r.problem("component %s %q never registered its outputs", res.Type, res.Name)
		}
	}
	return r.problems
}
