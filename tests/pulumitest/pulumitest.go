// Package pulumitest runs a Pulumi program against a recorder instead of an engine.
//
// The recorder speaks the resource monitor's own protocol rather than pulumi.MockResourceMonitor, which drops
// unknown inputs, does not show a component's outputs or the stack's, and accepts the same resource twice.
//
//	rec := pulumitest.Run(t, func(ctx *pulumi.Context) error {
//		_, err := infra.New(ctx, "shop", args)
//		return err
//	})
//	node := rec.Get(t, "aws:ec2/instance:Instance", "worker-node-1")
//	assert.Equal(t, "172.31.2.239", node.Input("privateIp"))
//	assert.True(t, node.IsSecret("userData"))
//	assert.Empty(t, rec.FindPlain(privateKey))
//
// A run fails by itself when two resources share type and name, when a resource other than a component, a provider, a
// StackReference or a Stash has the stack as its parent, when a component never registers its outputs, and on a function call
// (invoke) that no test prepared.
//
// Outputs: a resource has its inputs and the outputs that [Outputs] or the package's defaults (see defaults.go) give
// to its type; its id is [ID](name). With [Preview] nothing exists yet: ids and computed outputs are unknown, exactly
// as in the first preview of a stack. With [PreviewUpdate] everything exists except what the test names.
package pulumitest

import (
	"fmt"
	"net"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// Names of the project and the stack that programs run as.
const (
	Project = "ecommerce-platform"
	Stack   = "dev"
)

// Unknown stands in Input, Output and Export for a value that a preview cannot know.
const Unknown = "<unknown>"

// Run runs the program and fails the test if it returns an error.
func Run(t testing.TB, program pulumi.RunFunc, opts ...Option) *Recorder {
	t.Helper()
	rec, err := RunErr(t, program, opts...)
	if err != nil {
		t.Fatalf("program failed: %v", err)
	}
	return rec
}

// RunErr runs the program and returns its error, for tests of programs that must fail.
func RunErr(t testing.TB, program pulumi.RunFunc, opts ...Option) (*Recorder, error) {
	t.Helper()
	rec := newRecorder(opts)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("recorder cannot listen: %v", err)
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(256 << 20))
	pulumirpc.RegisterResourceMonitorServer(server, &monitor{rec: rec})
	pulumirpc.RegisterEngineServer(server, &engine{rec: rec})
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	address := listener.Addr().String()

	err = pulumi.RunErr(program, func(info *pulumi.RunInfo) {
		*info = pulumi.RunInfo{
			Project: Project, Stack: Stack, Organization: "organization", Parallel: 16,
			MonitorAddr: address, EngineAddr: address, DryRun: rec.dryRun,
			Config: rec.config, ConfigSecretKeys: rec.secretConfig,
		}
	})
	server.Stop()
	if serveErr := <-served; serveErr != nil {
		t.Fatalf("recorder: %v", serveErr)
	}
	for _, problem := range rec.finish(err == nil) {
		t.Errorf("%s", problem)
	}
	return rec, err
}

// Option changes what the recorder answers.
type Option func(*Recorder)

// Preview makes the run the first preview of a stack: every id and computed output is unknown.
func Preview() Option {
	return func(r *Recorder) {
		r.dryRun = true
		r.isUnknown = func(*Resource, string) bool { return true }
	}
}

// PreviewUpdate makes the run a preview of a stack that exists: all is known except what is named, either as "name" (the
// id and every computed output of the resources of this name: they will be created or replaced), as "type name" where
// several share the name, or as "name.output" and "type name.output".
func PreviewUpdate(unknown ...string) Option {
	set := map[string]bool{}
	for _, name := range unknown {
		set[name] = true
	}
	return func(r *Recorder) {
		r.dryRun = true
		r.isUnknown = func(res *Resource, output string) bool {
			typed := res.Type + " " + res.Name
			return set[res.Name] || set[res.Name+"."+output] || set[typed] || set[typed+"."+output]
		}
	}
}

// Outputs gives computed outputs to every resource of a type, over the package's defaults. The function sees the
// resource as registered; a value may be [Secret]. The key "id" replaces the resource's id.
func Outputs(typ string, compute func(*Resource) map[string]any) Option {
	return func(r *Recorder) { r.outputs[typ] = append(r.outputs[typ], compute) }
}

// Invoke answers calls of the function with this token ("aws:ec2/getAmi:getAmi").
func Invoke(token string, answer func(args map[string]any) (map[string]any, error)) Option {
	return func(r *Recorder) { r.invokes[token] = answer }
}

// StackReference gives another stack's outputs ("organization/project/stack"); a value may be [Secret].
func StackReference(stack string, outputs map[string]any) Option {
	return func(r *Recorder) { r.references[stack] = outputs }
}

// Config sets plain configuration; a key without a namespace belongs to the project.
func Config(values map[string]string) Option {
	return func(r *Recorder) {
		for key, value := range values {
			r.config[configKey(key)] = value
		}
	}
}

// SecretConfig sets configuration that the engine holds as secret.
func SecretConfig(values map[string]string) Option {
	return func(r *Recorder) {
		for key, value := range values {
			r.config[configKey(key)] = value
			r.secretConfig = append(r.secretConfig, configKey(key))
		}
	}
}

// FailOn makes the registration of one resource fail, as a provider would.
func FailOn(typ, name, message string) Option {
	return func(r *Recorder) { r.failures[key{typ, name}] = message }
}

// AllowOnStack admits resources of these types directly under the stack.
func AllowOnStack(types ...string) Option {
	return func(r *Recorder) {
		for _, typ := range types {
			r.onStack[typ] = true
		}
	}
}

// Secret marks a value in Outputs or StackReference as secret.
func Secret(value any) any {
	return resource.MakeSecret(resource.NewPropertyValue(value))
}

// ID is the id the recorder gives to a resource.
func ID(name string) string { return name + "-id" }

func configKey(name string) string {
	for _, r := range name {
		if r == ':' {
			return name
		}
	}
	return fmt.Sprintf("%s:%s", Project, name)
}
