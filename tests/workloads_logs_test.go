package tests

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/pulumitest"
)

const workloadsDaemonSet = "kubernetes:apps/v1:DaemonSet"

// TestWorkloadsLogs is about what keeps logs; what all programs that watch have in common, TestWorkloadsMonitoring holds them to.
func TestWorkloadsLogs(t *testing.T) {
	args := workloadsWatched()
	args.Monitoring.Logs.RetentionDays, args.Monitoring.Logs.StorageGiB = 30, 8
	rec := pulumitest.Run(t, workloadsProgram(args))
	deployment := rec.Get(t, workloadsDeployment, workloadsWatch+"victoria-logs")
	arguments := deployment.Input(workloadsContainer + ".args")
	assert.Contains(t, arguments, "-retentionPeriod=30d")
	assert.Contains(t, arguments, "-retention.maxDiskSpaceUsageBytes=6144MiB", "the oldest go before the volume is full")
	assert.Contains(t, deployment.Input("spec.template.spec.volumes"), map[string]any{"name": "storage", "emptyDir": map[string]any{"sizeLimit": "8Gi"}})
	assert.Equal(t, 9428.0, rec.Get(t, workloadsService, workloadsWatch+"victoria-logs").Input("spec.ports[0].port"))
}

func TestWorkloadsLogAgent(t *testing.T) {
	rec := pulumitest.Run(t, workloadsProgram(workloadsWatched()))
	name := workloadsWatch + "vlagent"
	daemons := rec.Get(t, workloadsDaemonSet, name)
	pod := func(path string) any { return daemons.Input("spec.template.spec." + path) }
	container := func(path string) any { return daemons.Input(workloadsContainer + "." + path) }
	volumes, mounts := map[string]map[string]any{}, map[string]map[string]any{}
	for _, volume := range pod("volumes").([]any) {
		volumes[volume.(map[string]any)["name"].(string)] = volume.(map[string]any)
	}
	for _, mount := range container("volumeMounts").([]any) {
		mounts[mount.(map[string]any)["name"].(string)] = mount.(map[string]any)
	}

	t.Run("it runs on every node, whatever is tainted, where no standard forbids the node's directories", func(t *testing.T) {
		assert.Equal(t, []any{map[string]any{"operator": "Exists"}}, pod("tolerations"))
		assert.False(t, daemons.Has("spec.template.spec.affinity"))
		for _, typ := range []string{workloadsDaemonSet, workloadsAccount, workloadsPolicy} {
			assert.Equal(t, "kube-system", rec.Get(t, typ, name).Input("metadata.namespace"))
		}
	})
	t.Run("it is root, whose the files are, without any capability of root's", func(t *testing.T) {
		assert.Equal(t, 0.0, pod("securityContext.runAsUser"))
		assert.Equal(t, "RuntimeDefault", pod("securityContext.seccompProfile.type"))
		assert.Equal(t, map[string]any{"drop": []any{"ALL"}}, container("securityContext.capabilities"))
		assert.Equal(t, false, container("securityContext.allowPrivilegeEscalation"))
		assert.Equal(t, false, container("securityContext.privileged"))
		assert.Equal(t, true, container("securityContext.readOnlyRootFilesystem"))
		for _, shared := range []string{"hostNetwork", "hostPID", "hostIPC"} {
			assert.False(t, daemons.Has("spec.template.spec."+shared))
		}
		assert.NotNil(t, container("resources.limits.memory"))
	})
	t.Run("of the node it sees the logs, and may write its own directory alone, where it keeps how far it was", func(t *testing.T) {
		directories := []string{}
		for volume, source := range volumes {
			directory, ok := source["hostPath"].(map[string]any)
			if !ok {
				continue
			}
			directories = append(directories, directory["path"].(string))
			assert.Equal(t, directory["path"], mounts[volume]["mountPath"], "links among them lead where they lead on the node")
			assert.Equal(t, directory["path"] != "/var/lib/vlagent", mounts[volume]["readOnly"] == true, volume)
		}
		assert.ElementsMatch(t, []string{"/var/lib/vlagent", "/var/log/containers", "/var/log/pods", "/var/log/kubernetes"}, directories)
		assert.Contains(t, container("args"), "-tmpDataPath=/var/lib/vlagent")
		assert.Contains(t, container("args"), "-remoteWrite.maxDiskUsagePerURL=600MiB", "what it holds back is bounded")
	})
	t.Run("only its own node reaches the port where it takes the journal", func(t *testing.T) {
		assert.Equal(t, []any{map[string]any{"name": "http", "containerPort": 9429.0, "protocol": "TCP", "hostIP": "127.0.0.1", "hostPort": 9429.0}}, container("ports"))
	})
	t.Run("it sends what it has to VictoriaLogs", func(t *testing.T) {
		service := rec.Get(t, workloadsService, workloadsWatch+"victoria-logs")
		assert.Equal(t, "monitoring", service.Input("metadata.namespace"))
		assert.Contains(t, container("args"), "-remoteWrite.url=http://victoria-logs.monitoring.svc:9428/insert/native")
	})
	t.Run("the audit log is a stream of its own, of its node", func(t *testing.T) {
		assert.Contains(t, container("args"), `-fileCollector.extraFields={"stream":"audit","node":"$(NODE_NAME)"}`)
		assert.Contains(t, container("args"), "-fileCollector.streamFields=stream,node")
		assert.Equal(t, "NODE_NAME", container("env[0].name"))
		assert.Equal(t, "spec.nodeName", container("env[0].valueFrom.fieldRef.fieldPath"))
	})
	t.Run("it asks the API server which pods there are, with a token that ends, and its namespace beside it", func(t *testing.T) {
		assert.Equal(t, false, pod("automountServiceAccountToken"))
		assert.Equal(t, false, rec.Get(t, workloadsAccount, name).Input("automountServiceAccountToken"))
		sources := volumes["credentials"]["projected"].(map[string]any)["sources"].([]any)
		require.Len(t, sources, 3)
		assert.Equal(t, map[string]any{"downwardAPI": map[string]any{"items": []any{
			map[string]any{"path": "namespace", "fieldRef": map[string]any{"apiVersion": "v1", "fieldPath": "metadata.namespace"}},
		}}}, sources[2])
		role := rec.Get(t, workloadsRole, name)
		assert.Equal(t, []any{
			map[string]any{"apiGroups": []any{""}, "resources": []any{"pods"}, "verbs": []any{"get", "list", "watch"}},
			map[string]any{"apiGroups": []any{""}, "resources": []any{"nodes"}, "verbs": []any{"get"}},
			map[string]any{"apiGroups": []any{""}, "resources": []any{"namespaces"}, "verbs": []any{"list"}},
		}, role.Input("rules"))
		binding := rec.Get(t, role.Type+"Binding", name)
		assert.Equal(t, "kube-system", binding.Input("subjects[0].namespace"))
		assert.Equal(t, role.Input("metadata.name"), binding.Input("roleRef.name"))
	})
	t.Run("VictoriaMetrics may find it where it is", func(t *testing.T) {
		found := slices.ContainsFunc(rec.All("kubernetes:rbac.authorization.k8s.io/v1:Role"), func(r *pulumitest.Resource) bool {
			return r.Input("metadata.namespace") == "kube-system" && strings.HasSuffix(r.Name, "victoria-metrics-in-kube-system")
		})
		assert.True(t, found)
	})
}
