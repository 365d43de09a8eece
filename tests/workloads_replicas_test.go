package tests

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/pulumitest"
	"ecommerce-platform/workloads"
)

const (
	workloadsReplicated = "kubernetes:postgresql.cnpg.io/v1:Cluster"
	workloadsLocal      = "kubernetes:core/v1:PersistentVolume"
	workloadsClaim      = "kubernetes:core/v1:PersistentVolumeClaim"
	workloadsOperator   = "shop-cloudnativepg-"
)

// workloadsReplicas has a database of two servers, on two of three workers.
func workloadsReplicas() *workloads.Args {
	args := workloadsArgs()
	args.Nodes = append(args.Nodes, workloadsAlso)
	args.Postgres.Replicas = 2
	args.CloudNativePGImage = "ghcr.io/cloudnative-pg/cloudnative-pg:1.30.0"
	return args
}

func TestWorkloadsReplicas(t *testing.T) {
	rec := pulumitest.Run(t, workloadsProgram(workloadsReplicas()))
	database := rec.Get(t, workloadsReplicated, "shop-postgres")
	operator := rec.Get(t, workloadsDeployment, workloadsOperator+"deployment")

	t.Run("the operator makes what one server has here", func(t *testing.T) {
		assert.Nil(t, rec.Find(workloadsDeployment, "shop-postgres"))
		assert.Nil(t, rec.Find(workloadsService, "shop-postgres"))
		assert.Empty(t, rec.All(workloadsClaim))
	})
	t.Run("two servers on different nodes of the tier", func(t *testing.T) {
		assert.Equal(t, 2.0, database.Input("spec.instances"))
		assert.Equal(t, map[string]any{"tier": "backend"}, database.Input("spec.affinity.nodeSelector"))
		assert.Equal(t, "required", database.Input("spec.affinity.podAntiAffinityType"))
		assert.Equal(t, "kubernetes.io/hostname", database.Input("spec.affinity.topologyKey"))
		assert.Equal(t, []any{map[string]any{"key": "tier", "operator": "Equal", "value": "backend", "effect": "NoSchedule"}}, database.Input("spec.affinity.tolerations"))
		assert.Equal(t, map[string]any{"cpu": "500m", "memory": "512Mi"}, database.Input("spec.resources.requests"))
		assert.Equal(t, map[string]any{"cpu": "1", "memory": "1Gi"}, database.Input("spec.resources.limits"))
	})
	t.Run("a volume on each of them, which any of its servers may have", func(t *testing.T) {
		require.Equal(t, []string{"shop-postgres-worker-node-0", "shop-postgres-worker-node-2"}, rec.Names(workloadsLocal))
		for _, node := range []string{"worker-node-0", "worker-node-2"} {
			volume := rec.Get(t, workloadsLocal, "shop-postgres-"+node)
			assert.Equal(t, "ecommerce-postgres-"+node+"-replica", volume.Input("metadata.name"), "and not what one server's is called")
			assert.Equal(t, []any{node}, volume.Input("spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].values"))
			assert.Equal(t, database.Input("spec.storage.storageClass"), volume.Input("spec.storageClassName"))
			assert.Equal(t, "/var/lib/platform/volumes/postgres/data", volume.Input("spec.local.path"))
			assert.False(t, volume.Has("spec.claimRef"))
			assert.True(t, rec.WaitsFor(database, volume))
		}
	})
	t.Run("the shop connects to the primary, with the role that it has of one server", func(t *testing.T) {
		backend := rec.Get(t, workloadsDeployment, "shop-backend")
		environment := map[any]any{}
		for _, variable := range backend.Input(workloadsContainer + ".env").([]any) {
			environment[variable.(map[string]any)["name"]] = variable.(map[string]any)["value"]
		}
		assert.Equal(t, "postgres-rw", environment["PGHOST"])
		application := rec.Get(t, workloadsSecret, "shop-postgres-application")
		assert.Contains(t, application.Input("stringData.uri"), "@postgres-rw:5432/shop")
		assert.Equal(t, map[string]any{"database": "shop", "owner": "shop", "dataChecksums": true, "secret": map[string]any{"name": "postgres-application"}},
			database.Input("spec.bootstrap.initdb"))
		assert.Equal(t, "postgres", database.Input("spec.superuserSecret.name"))
		assert.True(t, rec.WaitsFor(database, application))
		assert.Equal(t, "true", application.Input(`metadata.labels["cnpg.io/reload"]`), "another password reaches the servers")
		assert.Empty(t, rec.FindPlain(workloadsPassword))
		assert.Equal(t, map[string]any{"dnsName": "postgres-rw.ecommerce.svc.cluster.local", "port": 5432.0}, rec.Export(`services["postgres-rw"]`))
	})
	t.Run("they ask who is the primary with an account that one server does not have", func(t *testing.T) {
		account := rec.Get(t, "kubernetes:core/v1:ServiceAccount", "shop-postgres-replicas")
		assert.Equal(t, account.Input("metadata.name"), database.Input("spec.serviceAccountName"))
		assert.Equal(t, true, account.Input("automountServiceAccountToken"))
		assert.True(t, rec.WaitsFor(database, account))
		assert.NotEqual(t, pulumitest.Run(t, workloadsProgram(workloadsArgs())).Get(t, "kubernetes:core/v1:ServiceAccount", "shop-postgres").Input("metadata.name"),
			account.Input("metadata.name"), "an update from one to several removes that")
	})
	t.Run("an update ends once all of its servers are ready", func(t *testing.T) {
		assert.Equal(t, "condition=Ready", database.Input(`metadata.annotations["pulumi.com/waitFor"]`))
		assert.True(t, rec.WaitsFor(database, operator))
	})
	t.Run("the operator is on the control plane, not beside a primary", func(t *testing.T) {
		pod := func(path string) any { return operator.Input("spec.template.spec." + path) }
		assert.Equal(t, map[string]any{"node-role.kubernetes.io/control-plane": ""}, pod("nodeSelector"))
		assert.Equal(t, "node-role.kubernetes.io/control-plane", pod("tolerations[0].key"))
		assert.Equal(t, true, pod("securityContext.runAsNonRoot"))
		assert.Equal(t, true, operator.Input(workloadsContainer+".securityContext.readOnlyRootFilesystem"))
	})
	t.Run("the operator reads Secrets of the shop and its own alone", func(t *testing.T) {
		for _, role := range rec.All(workloadsRole) {
			assert.NotContains(t, role.Input("rules"), "secrets", role.Name)
			for _, rule := range role.Input("rules").([]any) {
				assert.NotContains(t, rule.(map[string]any)["resources"], "secrets", role.Name)
			}
		}
		for part, namespace := range map[string]string{"shop": "ecommerce", "home": "cnpg-system"} {
			assert.Equal(t, namespace, rec.Get(t, "kubernetes:rbac.authorization.k8s.io/v1:Role", workloadsOperator+part).Input("metadata.namespace"))
		}
	})
	t.Run("servers speak to each other and to the API server, and the operator to them", func(t *testing.T) {
		policy := rec.Get(t, workloadsPolicy, "shop-postgres")
		every := map[string]any{"matchLabels": map[string]any{"cnpg.io/cluster": "postgres"}}
		assert.Equal(t, every, policy.Input("spec.podSelector"), "those that set a server up among them")
		assert.Equal(t, every, rec.Get(t, workloadsPolicy, "shop-backend").Input("spec.egress[0].to[0].podSelector"))
		ports := func(way string) (list []any) {
			for _, rule := range policy.Input("spec." + way).([]any) {
				list = append(list, rule.(map[string]any)["ports"].([]any)[0].(map[string]any)["port"])
			}
			return list
		}
		assert.Equal(t, []any{"postgresql", "postgresql", "status", "status"}, ports("ingress"), "backends, servers, servers, the operator")
		assert.Equal(t, []any{"postgresql", "status", 6443.0, 53.0, 53.0}, ports("egress"))
	})
}

// What an order waits for is what the configuration says, and by default what lets the shop go on without one server.
func TestWorkloadsReplicasDurability(t *testing.T) {
	for name, test := range map[string]struct {
		replicas     int
		says, waits  string
		quorumBefore bool
	}{
		"of two":                       {2, "", "preferred", false},
		"of three":                     {3, "", "required", true},
		"of two, whatever happens":     {2, "required", "required", false},
		"of three, while there is one": {3, "preferred", "preferred", false},
	} {
		t.Run(name, func(t *testing.T) {
			args := workloadsReplicas()
			third := workloadsAlso
			third.Name = "worker-node-3"
			args.Nodes = append(args.Nodes, third)
			args.Postgres.Replicas, args.Postgres.Durability = test.replicas, test.says
			synchronous := pulumitest.Run(t, workloadsProgram(args)).Get(t, workloadsReplicated, "shop-postgres")
			assert.Equal(t, test.waits, synchronous.Input("spec.postgresql.synchronous.dataDurability"))
			assert.Equal(t, 1.0, synchronous.Input("spec.postgresql.synchronous.number"))
			assert.Equal(t, test.quorumBefore, synchronous.Has("spec.postgresql.synchronous.failoverQuorum"))
		})
	}
}

// A dump is taken of the primary, and what it brings back keeps the Secrets' passwords.
func TestWorkloadsReplicasAreDumpedFromThePrimary(t *testing.T) {
	args := workloadsReplicas()
	dump := args.Postgres.Dumps("ecommerce")[0]
	assert.Equal(t, "service/postgres-rw", dump.Workload)
	assert.Contains(t, dump.Restore, "sh /projected/roles.sh")
	spec := pulumitest.Run(t, workloadsProgram(args)).Get(t, workloadsReplicated, "shop-postgres")
	assert.Contains(t, spec.Input("spec.projectedVolumeTemplate.sources[0].configMap.name"), "postgres-scripts-")
}
