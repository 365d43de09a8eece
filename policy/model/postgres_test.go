package model_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
)

func replicated(t *testing.T, instances float64, changes ...modeltest.Change) (*model.Stack, *model.Postgres) {
	t.Helper()
	stack := modeltest.Dev(t, append([]modeltest.Change{modeltest.Replicated(instances, "worker-node-1", "worker-node-2")}, changes...)...)
	require.Len(t, stack.Postgres, 1)
	return stack, stack.Postgres[0]
}

func TestAReplicatedDatabaseIsAWorkload(t *testing.T) {
	stack, p := replicated(t, 2)
	assert.Empty(t, modeltest.Gaps(stack))
	var found *model.Workload
	for i, w := range stack.Workloads {
		if w.Kind == model.PostgresKind {
			found = &stack.Workloads[i]
		}
	}
	require.NotNil(t, found)
	assert.Equal(t, p.URN, found.URN, "what is found is found in the Cluster")
	assert.Equal(t, model.PostgresType+" "+modeltest.Database, found.String())
	assert.Same(t, p, stack.PostgresOf(found.Resource))
	assert.Equal(t, "postgres", found.Label)
	assert.EqualValues(t, 2, found.Replicas)
	assert.True(t, found.Replaced())

	template := found.Template
	assert.Equal(t, "postgres", template.Labels["app.kubernetes.io/name"], "policies know the pods by the tier's labels")
	assert.NotContains(t, template.Labels, "cnpg.io/instanceName")
	require.Len(t, template.Spec.Containers, 1)
	container := template.Spec.Containers[0]
	assert.Equal(t, "docker.io/library/postgres:16", container.Image)
	assert.Equal(t, "400m", container.Resources.Requests.Cpu().String())
	assert.NotNil(t, container.ReadinessProbe)
	assert.True(t, *container.SecurityContext.ReadOnlyRootFilesystem)
	assert.EqualValues(t, 999, *template.Spec.SecurityContext.RunAsUser)
	assert.EqualValues(t, 120, *template.Spec.TerminationGracePeriodSeconds)
	assert.NotContains(t, container.Env, corev1.EnvVar{Name: "POD_NAME", Value: "postgres-1"}, "each instance has a name of its own")
	require.Len(t, template.Spec.InitContainers, 1)
	assert.Equal(t, "ghcr.io/cloudnative-pg/cloudnative-pg:1.30.0", template.Spec.InitContainers[0].Image, "the operator's own")
	require.NotNil(t, template.Spec.Affinity)
	assert.Len(t, template.Spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution, 1)

	claims := p.Set.Value.Spec.VolumeClaimTemplates
	require.Len(t, claims, 1)
	assert.Equal(t, "ecommerce-postgres", *claims[0].Spec.StorageClassName)
	assert.Equal(t, "1Gi", claims[0].Spec.Resources.Requests.Storage().String())
	assert.Equal(t, "postgres-2", p.ClaimName(claims[0].Name, "postgres-2"))
}

func TestTheImageOfInitialContainersIsTheOperatorsOfTheStack(t *testing.T) {
	_, p := replicated(t, 2, modeltest.Set("kubernetes:apps/v1:Deployment", "shop-postgres-operator", "spec.template.spec.containers[0].env[0].value", "mirror/operator:1"))
	assert.Equal(t, "mirror/operator:1", p.Set.Value.Spec.Template.Spec.InitContainers[0].Image)
}

func TestTheOperatorsServicesLeadToInstances(t *testing.T) {
	for instances, want := range map[float64]map[string]bool{
		1: {"postgres-rw": true, "postgres-ro": false, "postgres-r": true}, 2: {"postgres-rw": true, "postgres-ro": true, "postgres-r": true},
	} {
		stack, p := replicated(t, instances)
		leads := map[string]bool{}
		for _, s := range stack.Services {
			if s.Maker != nil {
				leads[s.Value.Name] = labels.SelectorFromSet(s.Value.Spec.Selector).Matches(labels.Set(p.Set.Value.Spec.Template.Labels))
				assert.Equal(t, p.URN, s.URN)
			}
		}
		assert.Equal(t, want, leads, "%v instances", instances)
	}
}

func TestTheOperatorsBudgets(t *testing.T) {
	for name, c := range map[string]struct {
		instances float64
		changes   []modeltest.Change
		ready     int32
	}{
		"one instance never goes": {1, nil, 1},
		"of two one goes":         {2, nil, 1},
		"of three one goes":       {3, nil, 2},
		"none":                    {2, []modeltest.Change{modeltest.Set(model.PostgresType, modeltest.Database, "spec.enablePDB", false)}, 0},
		"one instance goes while nodes are mended": {1, []modeltest.Change{maintained}, 0},
		"standbys go while nodes are mended":       {3, []modeltest.Change{maintained}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			stack, _ := replicated(t, c.instances, c.changes...)
			var ready int32
			for _, b := range stack.Budgets {
				if b.Maker != nil {
					assert.Equal(t, "postgres-primary", b.Value.Name)
					ready += b.Value.Spec.MinAvailable.IntVal
				}
			}
			assert.Equal(t, c.ready, ready)
		})
	}
}

var maintained = modeltest.Set(model.PostgresType, modeltest.Database, "spec.nodeMaintenanceWindow", map[string]any{"inProgress": true})

func TestWhatIsUnknownOfADatabaseIsUnknownOfItsInstances(t *testing.T) {
	for path, of := range map[string]string{
		"spec.instances": "spec.replicas", "spec.imageName": "spec.template.spec.containers[0].image", "spec.storage.size": "spec.volumeClaimTemplates",
		"spec.resources.requests": "spec.template.spec.containers[0].resources", "spec.affinity.nodeSelector": "spec.template.spec.nodeSelector",
		"spec.inheritedMetadata.labels": "spec.template.metadata.labels", "metadata.namespace": "metadata.namespace", "spec.projectedVolumeTemplate": "spec.template.spec.volumes",
	} {
		stack, p := replicated(t, 2, modeltest.Unknown(model.PostgresType, modeltest.Database, path))
		assert.True(t, p.Set.Unknown(of), path)
		stack.NotEvaluated(p.Set.Resource, of)
		assert.Contains(t, modeltest.Gaps(stack), model.PostgresType+" "+modeltest.Database+" "+path)
	}
	_, p := replicated(t, 2, modeltest.Unknown(model.PostgresType, modeltest.Database, "spec.postgresql.parameters.max_connections"))
	assert.Empty(t, p.Set.Unknowns, "what is said to PostgreSQL changes no pod")
}

func TestADatabaseWithoutANameIsNotEvaluated(t *testing.T) {
	stack := modeltest.Dev(t, modeltest.Replicated(2, "worker-node-1", "worker-node-2"), modeltest.Unknown(model.PostgresType, modeltest.Database, "metadata.name"))
	assert.Empty(t, stack.Postgres)
	assert.Len(t, stack.Opaque, 1)
	assert.Contains(t, modeltest.Gaps(stack), model.PostgresType+" "+modeltest.Database+" metadata.name")
}

func TestOtherKindsOfTheOperatorAreNotEvaluated(t *testing.T) {
	const backup = "kubernetes:postgresql.cnpg.io/v1:ScheduledBackup"
	stack := modeltest.Dev(t, modeltest.Add(backup, "shop-backup", map[string]any{"metadata": map[string]any{"name": "backup", "namespace": "ecommerce"}}))
	assert.Equal(t, []string{backup + " shop-backup"}, modeltest.Gaps(stack))
}

func TestADatabaseThatCannotBeReadSaysWhy(t *testing.T) {
	_, p := replicated(t, 2, modeltest.Set(model.PostgresType, modeltest.Database, "spec.storage.size", "lots"))
	require.Error(t, p.Malformed)
	assert.Contains(t, p.Malformed.Error(), model.PostgresType+" "+modeltest.Database)
}
