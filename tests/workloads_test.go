package tests

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"ecommerce-platform/tests/pulumitest"
	"ecommerce-platform/workloads"
)

const (
	workloadsDeployment = "kubernetes:apps/v1:Deployment"
	workloadsService    = "kubernetes:core/v1:Service"
	workloadsConfigMap  = "kubernetes:core/v1:ConfigMap"
	workloadsBudget     = "kubernetes:policy/v1:PodDisruptionBudget"
	workloadsProvider   = "pulumi:providers:kubernetes"

	workloadsPassword   = "correct-horse-battery-staple"
	workloadsKubeconfig = "apiVersion: v1 # a kubeconfig"
	// workloadsContainer is where a Deployment holds its one container.
	workloadsContainer = "spec.template.spec.containers[0]"
)

var workloadsDigest = strings.Repeat("a", 64)

var workloadsTiers = []string{"backend", "frontend", "postgres", "redis"}

// workloadsArgs are those of the specification's topology.
func workloadsArgs() *workloads.Args {
	return &workloads.Args{
		Kubeconfig: pulumi.String(workloadsKubeconfig),
		Identifier: "ecommerce-platform/dev",
		Namespace:  "ecommerce",
		Nodes: []workloads.Placement{
			{
				Name: "worker-node-1", Labels: map[string]string{"tier": "frontend", "storage": "ssd"},
				Address: pulumi.String("198.51.100.1"),
			},
			{
				Name: "worker-node-2", Labels: map[string]string{"tier": "backend", "storage": "hdd"},
				Address: pulumi.String("198.51.100.2"),
			},
		},
		Frontend: workloads.Application{
			Tier: workloads.Tier{
				Replicas: 4, Image: "nginx:alpine", Requests: workloads.Resources{CPU: "100m", Memory: "128Mi"},
			},
			Port: 80, User: 101, ReadinessPath: "/readyz", LivenessPath: "/healthz",
		},
		Backend: workloads.Backend{
			Application: workloads.Application{
				Tier: workloads.Tier{
					Replicas: 3, Image: "nginx:alpine", Requests: workloads.Resources{CPU: "200m", Memory: "256Mi"},
				},
				Port: 8080, User: 101, ReadinessPath: "/healthz", LivenessPath: "/healthz",
			},
			Paths: []string{"/api/", "/data"},
		},
		Postgres: workloads.Database{
			Tier: workloads.Tier{
				Replicas: 1, Image: "postgres:16", Requests: workloads.Resources{CPU: "500m", Memory: "512Mi"},
				Limits: workloads.Resources{CPU: "1", Memory: "1Gi"},
			},
			Volume: "postgres", VolumeGiB: 5, SharedMemory: "256Mi",
		},
		Redis: workloads.Redis{Tier: workloads.Tier{
			Replicas: 2, Image: "redis:7-alpine", Requests: workloads.Resources{CPU: "250m", Memory: "256Mi"},
		}},
		NodePort:         30080,
		Isolation:        "tiers",
		Quota:            "tiers",
		PodCidr:          "192.168.0.0/16",
		DatabasePassword: pulumi.String(workloadsPassword),
	}
}

func workloadsProgram(args *workloads.Args) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		shop, err := workloads.New(ctx, "shop", args)
		if err != nil {
			return err
		}
		ctx.Export("frontendUrl", shop.FrontendURL)
		ctx.Export("services", shop.Services)
		return nil
	}
}

// workloadsTerm is one required node label as a node selector term holds it.
func workloadsTerm(key, value string) map[string]any {
	return map[string]any{"matchExpressions": []any{
		map[string]any{"key": key, "operator": "In", "values": []any{value}},
	}}
}

func workloadsToleration(value string) map[string]any {
	return map[string]any{"key": "tier", "operator": "Equal", "value": value, "effect": "NoSchedule"}
}

func TestWorkloadsFollowTheSpecification(t *testing.T) {
	rec := pulumitest.Run(t, workloadsProgram(workloadsArgs()))
	const pod, volume, claim = "spec.template.spec.", "kubernetes:core/v1:PersistentVolume", "kubernetes:core/v1:PersistentVolumeClaim"
	for _, fact := range []struct {
		sentence, typ, name, path string
		want                      any
	}{
		{"the namespace is ecommerce", "kubernetes:core/v1:Namespace", "namespace", "metadata.name", "ecommerce"},
		{"the namespace enforces restricted pods", "kubernetes:core/v1:Namespace", "namespace", `metadata.labels["pod-security.kubernetes.io/enforce"]`, "restricted"},

		{"frontend has 4 replicas", workloadsDeployment, "frontend", "spec.replicas", 4.0},
		{"frontend runs nginx:alpine", workloadsDeployment, "frontend", workloadsContainer + ".image", "nginx:alpine"},
		{"frontend runs on tier=frontend", workloadsDeployment, "frontend", pod + "nodeSelector", map[string]any{"tier": "frontend"}},
		{"frontend has no affinity", workloadsDeployment, "frontend", pod + "affinity", nil},
		{"frontend tolerates its own taint", workloadsDeployment, "frontend", pod + "tolerations", []any{workloadsToleration("frontend")}},
		{"frontend requests 100m and 128Mi and has no limits", workloadsDeployment, "frontend", workloadsContainer + ".resources", map[string]any{"requests": map[string]any{"cpu": "100m", "memory": "128Mi"}}},
		{"frontend listens on 80", workloadsDeployment, "frontend", workloadsContainer + ".ports[0].containerPort", 80.0},
		{"frontend knows the backend by BACKEND_URL", workloadsDeployment, "frontend", workloadsContainer + ".env[1]", map[string]any{"name": "BACKEND_URL", "value": "http://$(BACKEND_SERVICE_HOST):8080"}},
		{"frontend is offered at 80", workloadsService, "frontend", "spec.ports[0].port", 80.0},
		{"frontend is open to clients", workloadsService, "frontend", "spec.type", "NodePort"},
		{"frontend is open at 30080", workloadsService, "frontend", "spec.ports[0].nodePort", 30080.0},
		{"every node answers for the frontend", workloadsService, "frontend", "spec.externalTrafficPolicy", "Cluster"},

		{"backend has 3 replicas", workloadsDeployment, "backend", "spec.replicas", 3.0},
		{"backend runs nginx:alpine", workloadsDeployment, "backend", workloadsContainer + ".image", "nginx:alpine"},
		{"backend runs on tier=backend", workloadsDeployment, "backend", pod + "nodeSelector", map[string]any{"tier": "backend"}},
		{"backend requires tier=backend and prefers storage=ssd", workloadsDeployment, "backend", pod + "affinity", map[string]any{"nodeAffinity": map[string]any{
			"requiredDuringSchedulingIgnoredDuringExecution":  map[string]any{"nodeSelectorTerms": []any{workloadsTerm("tier", "backend")}},
			"preferredDuringSchedulingIgnoredDuringExecution": []any{map[string]any{"weight": 100.0, "preference": workloadsTerm("storage", "ssd")}},
		}}},
		{"backend tolerates its own taint", workloadsDeployment, "backend", pod + "tolerations", []any{workloadsToleration("backend")}},
		{"backend requests 200m and 256Mi and has no limits", workloadsDeployment, "backend", workloadsContainer + ".resources", map[string]any{"requests": map[string]any{"cpu": "200m", "memory": "256Mi"}}},
		{"backend listens on 8080", workloadsDeployment, "backend", workloadsContainer + ".ports[0].containerPort", 8080.0},
		{"backend is offered at 8080", workloadsService, "backend", "spec.ports[0].port", 8080.0},
		{"backend stays inside", workloadsService, "backend", "spec.type", "ClusterIP"},
		{"Pulumi does not wait for backend's endpoints to settle", workloadsService, "backend", `metadata.annotations["pulumi.com/skipAwait"]`, "true"},

		{"postgres has 1 replica", workloadsDeployment, "postgres", "spec.replicas", 1.0},
		{"postgres runs postgres:16", workloadsDeployment, "postgres", workloadsContainer + ".image", "postgres:16"},
		{"postgres ends before it starts anew", workloadsDeployment, "postgres", "spec.strategy", map[string]any{"type": "Recreate"}},
		{"postgres runs on tier=backend", workloadsDeployment, "postgres", pod + "nodeSelector", map[string]any{"tier": "backend"}},
		{"postgres tolerates tier=backend", workloadsDeployment, "postgres", pod + "tolerations", []any{workloadsToleration("backend")}},
		{"postgres requests 500m and 512Mi of at most 1 and 1Gi", workloadsDeployment, "postgres", workloadsContainer + ".resources", map[string]any{
			"requests": map[string]any{"cpu": "500m", "memory": "512Mi"}, "limits": map[string]any{"cpu": "1", "memory": "1Gi"},
		}},
		{"postgres is offered at 5432", workloadsService, "postgres", "spec.ports[0].port", 5432.0},
		{"postgres stays inside", workloadsService, "postgres", "spec.type", "ClusterIP"},
		{"postgres keeps data below its volume", workloadsDeployment, "postgres", workloadsContainer + ".env[1]", map[string]any{"name": "PGDATA", "value": "/var/lib/postgresql/data/pgdata"}},
		{"postgres mounts its claim", workloadsDeployment, "postgres", pod + "volumes[0].persistentVolumeClaim.claimName", "postgres-worker-node-2"},
		{"postgres' volume is a directory inside of its file system", volume, "postgres", "spec.local.path", "/var/lib/platform/volumes/postgres/data"},
		{"postgres' volume has a size", volume, "postgres", "spec.capacity.storage", "5Gi"},
		{"postgres' volume tells its place", volume, "postgres", "metadata.name", "ecommerce-postgres-worker-node-2"},
		{"postgres' claim asks for what every volume has", claim, "postgres", "spec.resources.requests.storage", "1Gi"},
		{"postgres' shared memory is bounded", workloadsDeployment, "postgres", pod + "volumes[2].emptyDir", map[string]any{"medium": "Memory", "sizeLimit": "256Mi"}},
		{"postgres' shared memory is where it is looked for", workloadsDeployment, "postgres", workloadsContainer + ".volumeMounts[2].mountPath", "/dev/shm"},
		{"postgres' volume is on worker-node-2", volume, "postgres", "spec.nodeAffinity.required.nodeSelectorTerms", []any{workloadsTerm("kubernetes.io/hostname", "worker-node-2")}},
		{"postgres' volume outlives its claim", volume, "postgres", "spec.persistentVolumeReclaimPolicy", "Retain"},
		{"postgres' volume is for its claim only", volume, "postgres", "spec.claimRef", map[string]any{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": "ecommerce", "name": "postgres-worker-node-2"}},
		{"postgres' claim and volume are of one class", claim, "postgres", "spec.storageClassName", "ecommerce-postgres"},
		{"postgres' class has no provisioner", "kubernetes:storage.k8s.io/v1:StorageClass", "postgres", "provisioner", "kubernetes.io/no-provisioner"},
		{"postgres' class binds when a pod comes", "kubernetes:storage.k8s.io/v1:StorageClass", "postgres", "volumeBindingMode", "WaitForFirstConsumer"},
		{"Pulumi does not wait for a bound claim to be Pending", claim, "postgres", `metadata.annotations["pulumi.com/skipAwait"]`, "true"},

		{"redis has 2 replicas", workloadsDeployment, "redis", "spec.replicas", 2.0},
		{"redis runs redis:7-alpine", workloadsDeployment, "redis", workloadsContainer + ".image", "redis:7-alpine"},
		{"redis can roll on two nodes", workloadsDeployment, "redis", "spec.strategy", map[string]any{"type": "RollingUpdate", "rollingUpdate": map[string]any{"maxSurge": 0.0, "maxUnavailable": 1.0}}},
		{"redis may run on any worker", workloadsDeployment, "redis", pod + "nodeSelector", nil},
		{"redis pods avoid each other", workloadsDeployment, "redis", pod + "affinity", map[string]any{"podAntiAffinity": map[string]any{
			"requiredDuringSchedulingIgnoredDuringExecution": []any{map[string]any{
				"topologyKey":   "kubernetes.io/hostname",
				"labelSelector": map[string]any{"matchLabels": map[string]any{"app.kubernetes.io/name": "redis", "app.kubernetes.io/part-of": "ecommerce-platform"}},
			}},
		}}},
		{"redis tolerates both taints", workloadsDeployment, "redis", pod + "tolerations", []any{workloadsToleration("frontend"), workloadsToleration("backend")}},
		{"redis requests 250m and 256Mi and has no limits", workloadsDeployment, "redis", workloadsContainer + ".resources", map[string]any{"requests": map[string]any{"cpu": "250m", "memory": "256Mi"}}},
		{"redis is offered at 6379", workloadsService, "redis", "spec.ports[0].port", 6379.0},
		{"redis stays inside", workloadsService, "redis", "spec.type", "ClusterIP"},
	} {
		t.Run(fact.sentence, func(t *testing.T) {
			assert.Equal(t, fact.want, rec.Get(t, fact.typ, "shop-"+fact.name).Input(fact.path))
		})
	}
	assert.Equal(t, "http://198.51.100.1:30080", rec.Export("frontendUrl"))
	assert.Equal(t, map[string]any{
		"frontend": map[string]any{"dnsName": "frontend.ecommerce.svc.cluster.local", "port": 80.0},
		"backend":  map[string]any{"dnsName": "backend.ecommerce.svc.cluster.local", "port": 8080.0},
		"postgres": map[string]any{"dnsName": "postgres.ecommerce.svc.cluster.local", "port": 5432.0},
		"redis":    map[string]any{"dnsName": "redis.ecommerce.svc.cluster.local", "port": 6379.0},
	}, rec.Export("services"))
}

func TestWorkloadsDeploymentsAsYAML(t *testing.T) {
	rec := pulumitest.Run(t, workloadsProgram(workloadsArgs()))
	for _, tier := range workloadsTiers {
		deployment := rec.Get(t, workloadsDeployment, "shop-"+tier)
		text, err := yaml.Marshal(map[string]any{
			"apiVersion": deployment.Input("apiVersion"), "kind": deployment.Input("kind"),
			"metadata": deployment.Input("metadata"), "spec": deployment.Input("spec"),
		})
		require.NoError(t, err)
		pulumitest.Golden(t, "workloads/"+tier+".yaml", string(text))
	}
}
