package tests

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"k8s.io/apimachinery/pkg/api/resource"

	"ecommerce-platform/infra/boundary"
	"ecommerce-platform/tests/pulumitest"
	"ecommerce-platform/workloads"
	"ecommerce-platform/workloads/monitoring"
)

const workloadsWatch = "shop-monitoring-"

// workloadsWatched are arguments with the monitoring on.
func workloadsWatched() *workloads.Args {
	args := workloadsArgs()
	args.Monitoring = monitoring.Settings{Enabled: true, RetentionDays: 15, StorageGiB: 4, Logs: monitoring.Logs{RetentionDays: 7, StorageGiB: 4}}
	args.MonitoringImages = monitoring.Images{
		VictoriaMetrics:  "docker.io/victoriametrics/victoria-metrics:v1.2.3",
		KubeStateMetrics: "registry.k8s.io/kube-state-metrics/kube-state-metrics:v1.2.3",
		VMAlert:          "docker.io/victoriametrics/vmalert:v1.2.3",
		Alertmanager:     "quay.io/prometheus/alertmanager:v1.2.3",
		VictoriaLogs:     "docker.io/victoriametrics/victoria-logs:v1.2.3",
		Agent:            "docker.io/victoriametrics/vlagent:v1.2.3",
	}
	return args
}

// workloadsWatchers are the programs that watch.
func workloadsWatchers(rec *pulumitest.Recorder) map[string]*pulumitest.Resource {
	found := map[string]*pulumitest.Resource{}
	for _, r := range rec.All(workloadsDeployment) {
		if name, ok := strings.CutPrefix(r.Name, workloadsWatch); ok {
			found[name] = r
		}
	}
	return found
}

func TestWorkloadsMonitoring(t *testing.T) {
	for _, r := range pulumitest.Run(t, workloadsProgram(workloadsArgs())).All() {
		assert.NotContains(t, r.Name, "monitoring", "off by default")
	}
	rec := pulumitest.Run(t, workloadsProgram(workloadsWatched()))
	watchers := workloadsWatchers(rec)

	t.Run("its programs have a namespace of their own that enforces restricted pods", func(t *testing.T) {
		namespace := rec.Get(t, "kubernetes:core/v1:Namespace", workloadsWatch+"namespace")
		assert.Equal(t, "monitoring", namespace.Input("metadata.name"))
		assert.Equal(t, "restricted", namespace.Input(`metadata.labels["pod-security.kubernetes.io/enforce"]`))
		assert.Equal(t, []string{"alertmanager", "kube-state-metrics", "victoria-logs", "victoria-metrics", "vmalert"}, slices.Sorted(maps.Keys(watchers)))
		for _, name := range slices.Sorted(maps.Keys(watchers)) {
			for _, typ := range []string{workloadsDeployment, workloadsService, workloadsAccount, workloadsBudget, workloadsPolicy} {
				object := rec.Get(t, typ, workloadsWatch+name)
				assert.Equal(t, name, object.Input("metadata.name"))
				assert.Equal(t, "monitoring", object.Input("metadata.namespace"))
				assert.True(t, rec.WaitsFor(object, namespace))
			}
		}
	})
	for name, deployment := range watchers {
		pod := func(path string) any { return deployment.Input("spec.template.spec." + path) }
		container := func(path string) any { return deployment.Input(workloadsContainer + "." + path) }
		t.Run(name+"/is one pod on a worker that keeps the restricted standard", func(t *testing.T) {
			assert.Equal(t, 1.0, deployment.Input("spec.replicas"))
			assert.Equal(t, "node-role.kubernetes.io/control-plane", pod("affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].key"))
			assert.Equal(t, true, pod("securityContext.runAsNonRoot"))
			assert.Equal(t, "RuntimeDefault", pod("securityContext.seccompProfile.type"))
			assert.Equal(t, false, container("securityContext.allowPrivilegeEscalation"))
			assert.Equal(t, []any{"ALL"}, container("securityContext.capabilities.drop"))
			assert.Equal(t, true, container("securityContext.readOnlyRootFilesystem"))
			assert.NotNil(t, container("resources.limits.memory"))
		})
		t.Run(name+"/its account's token comes in a volume of its own, where it needs one", func(t *testing.T) {
			assert.Equal(t, false, pod("automountServiceAccountToken"))
			assert.Equal(t, false, rec.Get(t, workloadsAccount, workloadsWatch+name).Input("automountServiceAccountToken"))
			mounts, _ := pod("volumes").([]any)
			token := slices.ContainsFunc(mounts, func(volume any) bool { return volume.(map[string]any)["name"] == "credentials" })
			assert.Equal(t, name == "kube-state-metrics" || name == "victoria-metrics", token)
		})
		t.Run(name+"/the Service leads to the pod", func(t *testing.T) {
			service := rec.Get(t, workloadsService, workloadsWatch+name)
			assert.Equal(t, deployment.Input("spec.selector.matchLabels"), service.Input("spec.selector"))
			assert.Equal(t, container("ports[0].name"), service.Input("spec.ports[0].targetPort"))
			assert.Equal(t, "ClusterIP", service.Input("spec.type"), "it is open to nobody outside")
		})
	}
	t.Run("together they request little", func(t *testing.T) {
		cpu, memory := resource.Quantity{}, resource.Quantity{}
		add := func(pods *pulumitest.Resource, count int) {
			for range count {
				cpu.Add(resource.MustParse(pods.InputString(workloadsContainer + ".resources.requests.cpu")))
				memory.Add(resource.MustParse(pods.InputString(workloadsContainer + ".resources.requests.memory")))
			}
		}
		for _, deployment := range watchers {
			add(deployment, 1)
		}
		add(rec.Get(t, workloadsDaemonSet, workloadsWatch+"vlagent"), 3) // a node
		assert.LessOrEqual(t, cpu.MilliValue(), int64(300))
		assert.LessOrEqual(t, memory.Value(), int64(300<<20))
	})
	t.Run("nothing else waits for it", func(t *testing.T) {
		for _, r := range rec.All() {
			if strings.HasPrefix(r.Name, workloadsWatch) {
				continue
			}
			for _, watcher := range watchers {
				assert.False(t, rec.WaitsFor(r, watcher), "%s %s", r.Type, r.Name)
			}
		}
	})
	t.Run("they may read what they measure, and no Secret", func(t *testing.T) {
		for _, role := range append(rec.All(workloadsRole), rec.All("kubernetes:rbac.authorization.k8s.io/v1:Role")...) {
			for _, item := range role.Input("rules").([]any) {
				rule := item.(map[string]any)
				resources, _ := rule["resources"].([]any)
				assert.NotContains(t, resources, "secrets")
				assert.NotContains(t, resources, "*")
				assert.Subset(t, []any{"get", "list", "watch"}, rule["verbs"])
			}
		}
	})
	t.Run("kube-state-metrics reads exactly what it tells of", func(t *testing.T) {
		readable := []string{}
		for _, item := range rec.Get(t, workloadsRole, workloadsWatch+"kube-state-metrics").Input("rules").([]any) {
			for _, kind := range item.(map[string]any)["resources"].([]any) {
				readable = append(readable, kind.(string))
			}
		}
		slices.Sort(readable)
		assert.Contains(t, watchers["kube-state-metrics"].Input(workloadsContainer+".args"), "--resources="+strings.Join(readable, ","))
	})
}

func TestWorkloadsMonitoringAsks(t *testing.T) {
	args := workloadsWatched()
	args.Monitoring.RetentionDays, args.Monitoring.StorageGiB = 30, 7
	rec := pulumitest.Run(t, workloadsProgram(args))
	deployment := rec.Get(t, workloadsDeployment, workloadsWatch+"victoria-metrics")
	config := rec.Get(t, workloadsConfigMap, workloadsWatch+"victoria-metrics-scrape")
	pulumitest.Golden(t, "workloads/scrape.yaml", config.InputString(`data["scrape.yaml"]`))
	assert.Contains(t, deployment.Input(workloadsContainer+".args"), "-retentionPeriod=30d")
	volumes := deployment.Input("spec.template.spec.volumes").([]any)
	assert.Contains(t, volumes, map[string]any{"name": "storage", "emptyDir": map[string]any{"sizeLimit": "7Gi"}})
	assert.Contains(t, volumes, map[string]any{"name": "scrape", "configMap": map[string]any{"name": config.Input("metadata.name")}},
		"another configuration is no other pod, in which metrics would begin anew")
	assert.Contains(t, deployment.Input(workloadsContainer+".args"), "-promscrape.configCheckInterval=15s")
	args.Namespace = "market"
	again := pulumitest.Run(t, workloadsProgram(args))
	assert.NotEqual(t, config.Input("data"), again.Get(t, workloadsConfigMap, workloadsWatch+"victoria-metrics-scrape").Input("data"))
	assert.Equal(t, deployment.Input("spec"), again.Get(t, workloadsDeployment, workloadsWatch+"victoria-metrics").Input("spec"))
	for _, namespace := range []string{"kube-system", "monitoring", "ecommerce"} {
		role := rec.Get(t, "kubernetes:rbac.authorization.k8s.io/v1:Role", workloadsWatch+"victoria-metrics-in-"+namespace)
		assert.Equal(t, namespace, role.Input("metadata.namespace"), "it finds pods where it asks some")
	}
}

func TestWorkloadsMonitoringIsolation(t *testing.T) {
	rec := pulumitest.Run(t, workloadsProgram(workloadsWatched()))
	const nodes, dns = "0.0.0.0/0 but [192.168.0.0/16]", "map[k8s-app:kube-dns] in map[kubernetes.io/metadata.name:kube-system]"
	const vlagent = "map[app.kubernetes.io/name:vlagent app.kubernetes.io/part-of:ecommerce-platform] in map[kubernetes.io/metadata.name:kube-system]"
	want := map[string][]string{
		"victoria-metrics": {
			"sends TCP 9100 to " + nodes, "sends TCP 10250 to " + nodes, "sends TCP 6443 to " + nodes,
			"sends TCP 2381 to " + nodes, "sends TCP 9091 to " + nodes, "sends TCP metrics to " + dns,
			"sends TCP metrics to map[app.kubernetes.io/part-of:ecommerce-platform] in map[kubernetes.io/metadata.name:ecommerce]",
			"sends TCP http to victoria-logs", "sends TCP http to " + vlagent, "sends TCP http to kube-state-metrics", "sends TCP http to vmalert", "sends TCP http to alertmanager",
			"takes TCP http from vmalert",
		},
		"kube-state-metrics": {"takes TCP http from victoria-metrics", "sends TCP 6443 to " + nodes},
		"vmalert": {
			"takes TCP http from victoria-metrics", "sends TCP http to victoria-metrics", "sends TCP http to alertmanager",
			"sends UDP 53 to " + dns, "sends TCP 53 to " + dns,
		},
		"alertmanager":  {"takes TCP http from victoria-metrics", "takes TCP http from vmalert"},
		"victoria-logs": {"takes TCP http from victoria-metrics", "takes TCP http from " + vlagent},
		"vlagent": {
			"takes TCP http from map[app.kubernetes.io/name:victoria-metrics app.kubernetes.io/part-of:ecommerce-platform] in map[kubernetes.io/metadata.name:monitoring]",
			"sends TCP http to map[app.kubernetes.io/name:victoria-logs app.kubernetes.io/part-of:ecommerce-platform] in map[kubernetes.io/metadata.name:monitoring]",
			"sends TCP 6443 to " + nodes, "sends UDP 53 to " + dns, "sends TCP 53 to " + dns,
		},
		"default-deny": nil,
	}
	deny := rec.Get(t, workloadsPolicy, workloadsWatch+"default-deny")
	assert.Equal(t, map[string]any{}, deny.Input("spec.podSelector"))
	for name, flows := range want {
		policy := rec.Get(t, workloadsPolicy, workloadsWatch+name)
		assert.ElementsMatch(t, flows, workloadsFlows(t, policy), name)
		assert.Equal(t, []any{"Ingress", "Egress"}, policy.Input("spec.policyTypes"), name)
		if name == "default-deny" {
			continue
		}
		reasons := strings.Split(policy.InputString(`metadata.annotations["kubernetes.io/description"]`), "; ")
		assert.Len(t, reasons, len(flows), "a reason a row")
		assert.True(t, deny.DependsOn(policy))
		kind := workloadsDeployment
		if name == "vlagent" {
			kind = workloadsDaemonSet
		}
		assert.True(t, rec.WaitsFor(rec.Get(t, kind, workloadsWatch+name), policy))
	}
	t.Run("the shop's backends answer it", func(t *testing.T) {
		takes := "takes TCP metrics from map[app.kubernetes.io/name:victoria-metrics] in map[kubernetes.io/metadata.name:monitoring]"
		assert.Contains(t, workloadsFlows(t, rec.Get(t, workloadsPolicy, "shop-backend")), takes)
		off := pulumitest.Run(t, workloadsProgram(workloadsArgs())).Get(t, workloadsPolicy, "shop-backend")
		assert.NotContains(t, workloadsFlows(t, off), takes)
	})
}

func TestWorkloadsMonitoringRunsOnAnyWorker(t *testing.T) {
	args := workloadsWatched()
	args.Nodes[0].Taints = []boundary.Taint{{Key: "tier", Value: "frontend", Effect: "NoSchedule"}}
	for name, deployment := range workloadsWatchers(pulumitest.Run(t, workloadsProgram(args))) {
		lost := func(key string) map[string]any {
			return map[string]any{"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 30.0}
		}
		assert.Equal(t, []any{
			map[string]any{"key": "tier", "operator": "Equal", "value": "frontend", "effect": "NoSchedule"},
			lost("node.kubernetes.io/not-ready"), lost("node.kubernetes.io/unreachable"),
		}, deployment.Input("spec.template.spec.tolerations"), name)
	}
}

func TestWorkloadsMonitoringInAPreview(t *testing.T) {
	args := workloadsWatched()
	preview, update := pulumitest.Run(t, workloadsProgram(args), pulumitest.Preview()), pulumitest.Run(t, workloadsProgram(args))
	for _, kind := range update.Types() {
		assert.Equal(t, update.Names(kind), preview.Names(kind), kind)
	}
}

func TestWorkloadsRefuseMonitoring(t *testing.T) {
	for name, c := range map[string]struct {
		breaks func(*workloads.Args)
		says   string
	}{
		"that forgets at once": {func(a *workloads.Args) { a.Monitoring.RetentionDays = 0 }, `monitoring.retentionDays 0: must be between 1 and 3650`},
		"without room":         {func(a *workloads.Args) { a.Monitoring.StorageGiB = 0 }, `monitoring.storageGiB 0: must be between 1 and 16384`},
		"that forgets logs at once": {func(a *workloads.Args) { a.Monitoring.Logs.RetentionDays = 0 },
			`monitoring.logs.retentionDays 0: must be between 1 and 3650`},
		"without room for logs": {func(a *workloads.Args) { a.Monitoring.Logs.StorageGiB = 16385 },
			`monitoring.logs.storageGiB 16385: must be between 1 and 16384`},
		"of an agent of whatever was pushed last": {func(a *workloads.Args) { a.MonitoringImages.Agent = "vlagent:latest" },
			`vlagentImage "vlagent:latest": the tag latest is whatever was pushed last, name a version`},
		"in the shop's namespace": {func(a *workloads.Args) { a.Namespace = "monitoring" }, `namespace "monitoring": belongs to what watches the platform`},
		"of whatever was pushed last": {func(a *workloads.Args) { a.MonitoringImages.VictoriaMetrics = "victoria-metrics:latest" },
			`victoriaMetricsImage "victoria-metrics:latest": the tag latest is whatever was pushed last, name a version`},
		"of no version": {func(a *workloads.Args) { a.MonitoringImages.KubeStateMetrics = "kube-state-metrics" },
			`kubeStateMetricsImage "kube-state-metrics": names no tag, such as kube-state-metrics:v2.16.0`},
	} {
		t.Run(name, func(t *testing.T) {
			args := workloadsWatched()
			c.breaks(args)
			problems := args.Validate()
			if assert.Len(t, problems, 1) {
				assert.EqualError(t, problems[0], c.says)
			}
			args.Monitoring.Enabled = false
			for _, problem := range args.Validate() {
				assert.NoError(t, problem, "where it is off nothing is looked at")
			}
		})
	}
}
