package tests

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/pulumitest"
	"ecommerce-platform/workloads"
)

const workloadsVolume = "kubernetes:core/v1:PersistentVolume"

// workloadsAlso is another worker that may hold the database.
var workloadsAlso = workloads.Placement{
	Name: "worker-node-0", Labels: map[string]string{"tier": "backend"}, Address: pulumi.String("198.51.100.0"),
}

func TestWorkloadsDatabaseStaysWhereItIsNamed(t *testing.T) {
	place := func(args *workloads.Args) []any {
		volume := pulumitest.Run(t, workloadsProgram(args)).Get(t, workloadsVolume, "shop-postgres")
		return []any{volume.Input("metadata"), volume.Input("spec")}
	}
	alone := place(workloadsArgs())
	for name, nodes := range map[string][]workloads.Placement{
		"another in front":  append([]workloads.Placement{workloadsAlso}, workloadsArgs().Nodes...),
		"another behind":    append(workloadsArgs().Nodes, workloadsAlso),
		"the only one left": workloadsArgs().Nodes,
	} {
		t.Run(name, func(t *testing.T) {
			args := workloadsArgs()
			args.Nodes, args.Postgres.Node = nodes, "worker-node-2"
			assert.Equal(t, alone, place(args))
		})
	}
	t.Run("another node is another volume and another claim", func(t *testing.T) {
		args := workloadsArgs()
		args.Nodes, args.Postgres.Node = append(args.Nodes, workloadsAlso), "worker-node-0"
		rec := pulumitest.Run(t, workloadsProgram(args))
		volume := rec.Get(t, workloadsVolume, "shop-postgres")
		assert.Equal(t, "ecommerce-postgres-worker-node-0", volume.Input("metadata.name"))
		assert.Equal(t, "postgres-worker-node-0", volume.Input("spec.claimRef.name"))
		assert.Equal(t, "postgres-worker-node-0", rec.Get(t, "kubernetes:core/v1:PersistentVolumeClaim", "shop-postgres").Input("metadata.name"))
		assert.Equal(t, "postgres-worker-node-0", rec.Get(t, workloadsDeployment, "shop-postgres").Input("spec.template.spec.volumes[0].persistentVolumeClaim.claimName"))
	})
	t.Run("without a server and a node there is no volume", func(t *testing.T) {
		args := workloadsArgs()
		args.Nodes, args.Backend.Replicas, args.Postgres.Replicas = args.Nodes[:1], 0, 0
		args.Redis.Replicas = 1
		assert.Nil(t, pulumitest.Run(t, workloadsProgram(args)).Find(workloadsVolume, "shop-postgres"))
	})
}

func TestWorkloadsPasswordReachesRoleAndClientsTogether(t *testing.T) {
	run := func(password string) *pulumitest.Recorder {
		args := workloadsArgs()
		args.DatabasePassword = pulumi.String(password)
		return pulumitest.Run(t, workloadsProgram(args))
	}
	const digest = `spec.template.metadata.annotations["checksum/secret"]`
	before, after := run(workloadsPassword), run("another")
	for _, tier := range []string{"postgres", "backend"} {
		was := before.Get(t, workloadsDeployment, "shop-"+tier).Input(digest)
		assert.Len(t, was, 12)
		assert.NotEqual(t, was, after.Get(t, workloadsDeployment, "shop-"+tier).Input(digest), "%s starts anew", tier)
		assert.Equal(t, was, run(workloadsPassword).Get(t, workloadsDeployment, "shop-"+tier).Input(digest))
	}
	assert.Nil(t, before.Get(t, workloadsDeployment, "shop-redis").Input(digest))

	server := before.Get(t, workloadsDeployment, "shop-postgres")
	assert.Equal(t, []any{"sh", "/etc/platform/roles.sh"}, server.Input(workloadsContainer+".lifecycle.postStart.exec.command"))
	secret := before.Get(t, "kubernetes:core/v1:Secret", "shop-postgres-application")
	require.True(t, secret.IsSecret("stringData.password"))
	assert.Equal(t, "postgres-application", secret.Input("metadata.name"))
	assert.Equal(t, "shop", secret.Input("stringData.username"))
	assert.NotEqual(t, workloadsPassword, secret.Input("stringData.password"))
	assert.NotEqual(t, secret.Input("stringData.password"), after.Get(t, "kubernetes:core/v1:Secret", "shop-postgres-application").Input("stringData.password"))
}

func TestDatabaseMajor(t *testing.T) {
	for image, want := range map[string]string{
		"postgres:16": "16", "postgres:16.4-bookworm": "16", "registry.example.com:5000/db/postgres:17-alpine": "17",
		"postgres:16@sha256:0000000000000000000000000000000000000000000000000000000000000000": "16",
		"postgres":          "",
		"postgres:bookworm": "",
		"postgres:2024.1":   "",
		"postgres:9.6":      "",
		"postgres@sha256:0000000000000000000000000000000000000000000000000000000000000000": "",
	} {
		assert.Equal(t, want, workloads.Database{Tier: workloads.Tier{Image: image}}.Major(), image)
	}
}
