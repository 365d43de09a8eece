package pulumitest_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/pulumitest"
)

const (
	boxType  = "test:index:Box"
	partType = "test:index:Part"
)

// watched stands for the test that a run would fail.
type watched struct {
	testing.TB
	errors []string
}

func (w *watched) Helper()                   {}
func (w *watched) Errorf(f string, a ...any) { w.errors = append(w.errors, fmt.Sprintf(f, a...)) }

type part struct {
	pulumi.CustomResourceState
	Size pulumi.IntOutput    `pulumi:"size"`
	Key  pulumi.StringOutput `pulumi:"key"`
}

func newPart(ctx *pulumi.Context, name string, props pulumi.Map, opts ...pulumi.ResourceOption) (*part, error) {
	p := &part{}
	return p, ctx.RegisterResource(partType, name, props, p, opts...)
}

// box registers a component with two parts, of which the second uses the first, and exports the second's size.
func box(ctx *pulumi.Context) error {
	var component pulumi.ResourceState
	if err := ctx.RegisterComponentResource(boxType, "box", &component); err != nil {
		return err
	}
	first, err := newPart(ctx, "first", pulumi.Map{
		"key":  pulumi.ToSecret(pulumi.String("hush")),
		"list": pulumi.Array{pulumi.Map{"a.b/c": pulumi.String("deep")}},
	}, pulumi.Parent(&component), pulumi.Protect(true))
	if err != nil {
		return err
	}
	second, err := newPart(ctx, "second", pulumi.Map{"of": first.ID(), "nested": pulumi.Map{"key": first.Key}},
		pulumi.Parent(&component), pulumi.DeletedWith(first), pulumi.IgnoreChanges([]string{"of"}))
	if err != nil {
		return err
	}
	ctx.Export("size", second.Size)
	ctx.Export("key", first.Key)
	_ = ctx.Log.Warn("look out", nil)
	return ctx.RegisterResourceOutputs(&component, pulumi.Map{"first": first.ID()})
}

func sizes(*pulumitest.Resource) map[string]any { return map[string]any{"size": 3} }

func TestRunRecords(t *testing.T) {
	rec := pulumitest.Run(t, box, pulumitest.Outputs(partType, sizes))
	first, second, component := rec.Get(t, partType, "first"), rec.Get(t, partType, "second"), rec.Get(t, boxType, "box")

	assert.Equal(t, []string{"first", "second"}, rec.Names(partType))
	assert.Equal(t, []*pulumitest.Resource{first, second}, rec.Children(component))
	assert.Equal(t, component, rec.Parent(first))
	assert.Nil(t, rec.Parent(component))
	assert.Equal(t, "deep", first.Input(`list[0]["a.b/c"]`))
	assert.Nil(t, first.Input("list[1]"))
	assert.Equal(t, "first-id", second.Input("of"))
	assert.Equal(t, "first-id", component.Output("first"))
	assert.True(t, second.DependsOn(first))
	assert.True(t, rec.WaitsFor(second, first))
	assert.False(t, rec.WaitsFor(first, second))
	assert.Equal(t, []string{first.URN}, second.PropertyDeps["of"])
	assert.Equal(t, first.URN, second.DeletedWith)
	assert.Equal(t, []string{"of"}, second.IgnoreChanges)
	assert.True(t, first.Protect)
	assert.Equal(t, 3.0, rec.Export("size"))
	assert.Equal(t, []string{"warning: look out"}, rec.Logs())
}

func TestSecretsAreSeen(t *testing.T) {
	rec := pulumitest.Run(t, box)
	assert.True(t, rec.Get(t, partType, "first").IsSecret("key"))
	assert.False(t, rec.Get(t, partType, "first").IsSecret("list"))
	assert.True(t, rec.Get(t, partType, "second").IsSecret("nested.key"))
	assert.False(t, rec.Get(t, partType, "second").IsSecret("nested"))
	assert.True(t, rec.IsSecretExport("key"))
	assert.Empty(t, rec.FindPlain("hush"))
	assert.Equal(t, []string{partType + " first inputs.list[0].a.b/c"}, rec.FindPlain("deep")[:1])
	assert.NotEmpty(t, rec.FindPlain("look out"))
}

func TestPreviews(t *testing.T) {
	first := pulumitest.Run(t, box, pulumitest.Outputs(partType, sizes), pulumitest.Preview())
	assert.True(t, first.Get(t, partType, "second").IsUnknown("of"))
	assert.Equal(t, pulumitest.Unknown, first.Export("size"))
	assert.Equal(t, "hush", first.Export("key"), "an input is known")

	update := pulumitest.Run(t, box, pulumitest.Outputs(partType, sizes), pulumitest.PreviewUpdate(partType+" first", "second.size"))
	assert.True(t, update.Get(t, partType, "second").IsUnknown("of"))
	assert.Equal(t, "second-id", update.Get(t, partType, "second").ID)
	assert.Equal(t, pulumitest.Unknown, update.Export("size"))
}

func TestRunFailsByItself(t *testing.T) {
	for name, c := range map[string]struct {
		program pulumi.RunFunc
		says    string
	}{
		"on a resource registered twice": {func(ctx *pulumi.Context) error {
			return errors.Join(box(ctx), box(ctx))
		}, `duplicate resource test:index:Part "first"`},
		"on a child of the stack": {func(ctx *pulumi.Context) error {
			_, err := newPart(ctx, "loose", nil)
			return err
		}, `resource test:index:Part "loose" has the stack as its parent`},
		"on a component without outputs": {func(ctx *pulumi.Context) error {
			var component pulumi.ResourceState
			return ctx.RegisterComponentResource(boxType, "box", &component)
		}, `component test:index:Box "box" never registered its outputs`},
		"on a call nobody prepared": {func(ctx *pulumi.Context) error {
			var result map[string]any
			_ = ctx.Invoke("test:index:ask", map[string]any{"of": "it"}, &result)
			return nil
		}, `unexpected call of test:index:ask with map[of:it]`},
		"on a stack nobody prepared": {func(ctx *pulumi.Context) error {
			_, _ = pulumi.NewStackReference(ctx, "organization/ecommerce-platform/other", nil)
			return nil
		}, `unexpected stack reference "organization/ecommerce-platform/other"`},
	} {
		t.Run(name, func(t *testing.T) {
			w := &watched{TB: t}
			_, _ = pulumitest.RunErr(w, c.program)
			assert.Contains(t, w.errors, c.says)
		})
	}
	t.Run("but not on what is right", func(t *testing.T) {
		w := &watched{TB: t}
		_, err := pulumitest.RunErr(w, box)
		require.NoError(t, err)
		assert.Empty(t, w.errors)
	})
}

func TestAnswers(t *testing.T) {
	const other = "organization/ecommerce-platform/dev-infra"
	rec := pulumitest.Run(t, func(ctx *pulumi.Context) error {
		stack, err := pulumi.NewStackReference(ctx, other, nil)
		if err != nil {
			return err
		}
		ctx.Export("vpc", stack.GetStringOutput(pulumi.String("vpc")))
		ctx.Export("kubeconfig", stack.GetStringOutput(pulumi.String("kubeconfig")))
		var result map[string]any
		if err := ctx.Invoke("test:index:ask", map[string]any{"of": "it"}, &result); err != nil {
			return err
		}
		ctx.Export("answer", pulumi.Sprintf("%v", result["answer"]))
		value, _ := ctx.GetConfig("ecommerce-platform:plain")
		ctx.Export("config", pulumi.Sprintf("%s %v", value, ctx.IsConfigSecret("ecommerce-platform:seed")))
		return nil
	},
		pulumitest.StackReference(other, map[string]any{"vpc": "vpc-1", "kubeconfig": pulumitest.Secret("hush")}),
		pulumitest.Invoke("test:index:ask", func(args map[string]any) (map[string]any, error) {
			return map[string]any{"answer": args["of"]}, nil
		}),
		pulumitest.Config(map[string]string{"plain": "p"}), pulumitest.SecretConfig(map[string]string{"seed": "s"}))
	assert.Equal(t, "vpc-1", rec.Export("vpc"))
	assert.Equal(t, "hush", rec.Export("kubeconfig"))
	assert.True(t, rec.IsSecretExport("kubeconfig"))
	assert.Equal(t, "it", rec.Export("answer"))
	assert.Equal(t, "p true", rec.Export("config"))
	assert.Equal(t, []string{"answer", "config", "kubeconfig", "vpc"}, rec.ExportNames())
	assert.Empty(t, rec.FindPlain("hush"))
}

func TestFailuresOfProviders(t *testing.T) {
	_, err := pulumitest.RunErr(t, box, pulumitest.FailOn(partType, "second", "quota exceeded"))
	assert.ErrorContains(t, err, "quota exceeded")
}
