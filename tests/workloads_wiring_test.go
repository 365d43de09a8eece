package tests

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/pulumitest"
	"ecommerce-platform/workloads"
)

func TestWorkloadsSecretsAreSecret(t *testing.T) {
	rec := pulumitest.Run(t, workloadsProgram(workloadsArgs()))
	assert.Empty(t, rec.FindPlain(workloadsPassword))
	assert.Empty(t, rec.FindPlain(workloadsKubeconfig))

	secret := rec.Get(t, "kubernetes:core/v1:Secret", "shop-postgres")
	assert.Equal(t, workloadsPassword, secret.Input("stringData.password"))
	assert.True(t, secret.IsSecret("stringData.password"))
	assert.True(t, rec.Get(t, workloadsProvider, "shop-kubernetes").IsSecret("kubeconfig"))
	assert.Equal(t, map[string]any{
		"name": "POSTGRES_PASSWORD",
		"valueFrom": map[string]any{
			"secretKeyRef": map[string]any{"name": secret.Input("metadata.name"), "key": "password"},
		},
	}, rec.Get(t, workloadsDeployment, "shop-postgres").Input(workloadsContainer+".env[4]"))
	for _, deployment := range rec.All(workloadsDeployment) {
		assert.False(t, deployment.IsSecret("spec"), "%s must not hold a secret", deployment.Name)
	}
}

func TestWorkloadsProvider(t *testing.T) {
	args := workloadsArgs()
	rec := pulumitest.Run(t, func(ctx *pulumi.Context) error {
		machine := &struct{ pulumi.ResourceState }{}
		if err := ctx.RegisterComponentResource("test:index:Machine", "control-plane", machine); err != nil {
			return err
		}
		if err := ctx.RegisterResourceOutputs(machine, pulumi.Map{}); err != nil {
			return err
		}
		args.ControlPlane = machine
		return workloadsProgram(args)(ctx)
	})
	provider := rec.Get(t, workloadsProvider, "shop-kubernetes")
	machine := rec.Get(t, "test:index:Machine", "control-plane")
	shop := rec.Get(t, workloads.Type, "shop")
	assert.Equal(t, "ecommerce-platform/dev", provider.Input("clusterIdentifier"))
	assert.Equal(t, "false", fmt.Sprint(provider.Input("deleteUnreachable")), "said, since a variable of the environment would decide otherwise")
	namespace := rec.Get(t, "kubernetes:core/v1:Namespace", "shop-namespace")
	children := rec.Children(shop)
	assert.Greater(t, len(children), 20)
	for _, child := range children {
		if child == provider {
			continue
		}
		assert.True(t, strings.HasPrefix(child.Provider, provider.URN+"::"), "%s %s uses the cluster's provider", child.Type, child.Name)
		assert.Equal(t, machine.URN, child.DeletedWith, "%s %s goes with the cluster", child.Type, child.Name)
		assert.True(t, child == namespace || child.DependsOn(namespace), "%s %s waits for the namespace", child.Type, child.Name)
	}
}

func TestWorkloadsOrder(t *testing.T) {
	rec := pulumitest.Run(t, workloadsProgram(workloadsArgs()))
	deployment := func(tier string) *pulumitest.Resource { return rec.Get(t, workloadsDeployment, "shop-"+tier) }
	assert.True(t, rec.WaitsFor(deployment("frontend"), rec.Get(t, workloadsService, "shop-backend")),
		"nginx exits when it cannot resolve the backend")
	assert.True(t, rec.WaitsFor(deployment("postgres"), rec.Get(t, "kubernetes:core/v1:Secret", "shop-postgres")))
	assert.True(t, rec.WaitsFor(deployment("postgres"), rec.Get(t, "kubernetes:core/v1:PersistentVolume", "shop-postgres")))
	for _, config := range rec.All(workloadsConfigMap) {
		tier := strings.Split(config.Name, "-")[1]
		assert.True(t, rec.WaitsFor(deployment(tier), config), "%s needs %s", tier, config.Name)
	}
	for _, tier := range workloadsTiers {
		service := rec.Get(t, workloadsService, "shop-"+tier)
		assert.False(t, rec.WaitsFor(deployment(tier), service), "%s: Pulumi waits for a Service until pods are ready", tier)
		assert.False(t, rec.WaitsFor(service, deployment(tier)), "%s: the Service exists before its first pod is ready", tier)
	}
}

func TestWorkloadsPreviewKnowsAllButTheCluster(t *testing.T) {
	unknown := func() pulumi.StringOutput {
		return pulumi.UnsafeUnknownOutput(nil).ApplyT(func(any) string { return "" }).(pulumi.StringOutput)
	}
	args := workloadsArgs()
	rec := pulumitest.Run(t, func(ctx *pulumi.Context) error {
		args.Kubeconfig = unknown()
		for i := range args.Nodes {
			args.Nodes[i].Address = unknown()
		}
		return workloadsProgram(args)(ctx)
	}, pulumitest.Preview())
	provider := rec.Get(t, workloadsProvider, "shop-kubernetes")
	assert.True(t, provider.IsUnknown("kubeconfig"))
	assert.Equal(t, "ecommerce-platform/dev", provider.Input("clusterIdentifier"), "or the provider plans its replacement")
	assert.Equal(t, pulumitest.Unknown, rec.Export("frontendUrl"))

	full := pulumitest.Run(t, workloadsProgram(workloadsArgs()))
	assert.Len(t, rec.All(), len(full.All()))
	for _, res := range rec.All() {
		if !strings.HasPrefix(res.Type, "kubernetes:") {
			continue
		}
		same := full.Get(t, res.Type, res.Name)
		for _, key := range same.InputKeys() {
			assert.Equal(t, same.Input(key), res.Input(key), "%s %s %s", res.Type, res.Name, key)
		}
	}
}

// A backup's settings hold a dump's commands in one line of a table.
func TestWorkloadsDumpsAreLines(t *testing.T) {
	for _, dump := range workloadsArgs().Postgres.Dumps("ecommerce") {
		for _, command := range []string{dump.Dump, dump.Content, dump.Restore} {
			assert.NotContains(t, command, "\n", dump.Name)
			assert.NotContains(t, command, "\t", dump.Name)
		}
	}
}

// A dump holds the passwords of its time; the Secrets' are given back once it is in.
func TestWorkloadsRestoreKeepsTheSecretsPasswords(t *testing.T) {
	server := pulumitest.Run(t, workloadsProgram(workloadsArgs())).Get(t, workloadsDeployment, "shop-postgres")
	command, ok := server.Input(workloadsContainer + ".lifecycle.postStart.exec.command").([]any)
	require.True(t, ok)
	assert.True(t, strings.HasSuffix(workloadsArgs().Postgres.Dumps("ecommerce")[0].Restore, fmt.Sprint(" && ", command[0], " ", command[1])))
}
