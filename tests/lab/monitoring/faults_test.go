package monitoring

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/toolchain"
)

// Series of single things that go wrong.
var (
	// workerDown is what is seen of a node that is switched off: first nobody answers, and after 45 s its pods are not ready.
	workerDown = series{
		ready(second): later(1, 0, 3), up("kubelet", second): then(1, 0), up("cadvisor", second): then(1, 0), up("node-exporter", second): then(1, 0),
		up("calico", second):                             then(1, 0),
		upPod("backend", shop, podOf("backend"), second): then(1, 0),
		podReady(shop, podOf("backend")):                 later(1, 0, 3), podReady(shop, podOf("postgres")): later(1, 0, 3),
		podReady(system, "calico-node-"+second): later(1, 0, 3),
		available(shop, "backend"):              later(1, 0, 3), available(shop, "postgres"): later(1, 0, 3),
		unschedulable(shop, "postgres-5d8f7c-new"): appears(1),
		requests("GET /data", "200"):               counts(150, 0), requests("POST /api/orders", "503"): counts(0, 15),
	}
	ordersFail  = series{requests("POST /api/orders", "503"): counts(0, 30)}
	coreDNSAway = series{available(system, "coredns"): then(1, 0), upPod("coredns", system, podOf("coredns"), first): gone()}
)

// faults are what can go wrong, each with the alerts that it raises within a minute, and no others.
var faults = map[string]struct {
	series series
	alerts []string
}{
	"nothing": {},

	// nodes
	"a node is switched off":                                 {workerDown, []string{"NodeDown"}},
	"a node's container runtime ends":                        {series{ready(second): then(1, 0), podReady(shop, podOf("postgres")): then(1, 0), available(shop, "postgres"): then(1, 0)}, []string{"NodeDown"}},
	"a node joins and is ready after a minute":               {series{ready("new"): fmt.Sprintf("_x%d 0x3 1x%d", before, after-5), `kube_node_created{node="new"}`: appears(start + 15*before)}, nil},
	"a kubelet ends":                                         {series{up("kubelet", second): then(1, 0), up("cadvisor", second): then(1, 0), ready(second): later(1, 0, 4)}, []string{"NodeDown"}},
	"a node was away for half a minute and its pods for two": {series{up("kubelet", second): between(1, 0, 2), up("node-exporter", second): between(1, 0, 2), available(shop, "postgres"): between(1, 0, 8), podReady(shop, podOf("postgres")): between(1, 0, 8)}, nil},
	"a disk is nearly full":                                  {series{disk("avail", first): then(30e9, 4e9), disk("free", first): then(32e9, 6e9)}, []string{"NodeDiskNearlyFull"}},
	"a disk has room for root alone":                         {series{disk("avail", first): then(30e9, 0), disk("free", first): then(32e9, 5e9)}, []string{"NodeDiskNearlyFull"}},
	"the database's volume is nearly full":                   {series{`kubelet_volume_stats_available_bytes{node="worker-node-2",namespace="ecommerce",persistentvolumeclaim="postgres"}`: then(4e9, 0.5e9)}, []string{"VolumeNearlyFull"}},

	// kubernetes
	"a pod crashes": {series{waiting(system, podOf("metrics-server"), "CrashLoopBackOff"): then(0, 1), available(system, "metrics-server"): then(1, 0)}, []string{"PodCrashLooping"}},
	"the database crashes": {series{
		waiting(shop, podOf("postgres"), "CrashLoopBackOff"): between(0, 1, 16), available(shop, "postgres"): between(1, 0, 16),
	}, []string{"DatabaseAway"}},
	"a backend of a new version has no image": {series{
		waiting(shop, "backend-77d-abcde", "ImagePullBackOff"): appears(1), podInfo(shop, "backend-77d-abcde", "ReplicaSet", "backend-77d", second): appears(1),
	}, []string{"PodNotStarting"}},
	"a pod finds no node": {series{unschedulable(shop, "backend-5d8f7c-third"): appears(1)}, []string{"PodPending"}},
	"the API server is gone and kubelets cannot ask it who asks": {series{
		up("apiserver", control): then(1, 0),
		up("kubelet", control):   later(1, 0, 3), up("kubelet", first): later(1, 0, 3), up("kubelet", second): later(1, 0, 3),
	}, []string{"ApiServerDown"}},
	"the control plane's machine is gone": {series{
		up("apiserver", control): then(1, 0), up("etcd", control): then(1, 0), etcdLeader: gone(), up("calico", control): then(1, 0),
		up("kubelet", control): then(1, 0), up("cadvisor", control): then(1, 0), up("node-exporter", control): then(1, 0),
		up("kubelet", first): later(1, 0, 4), up("kubelet", second): later(1, 0, 6),
	}, []string{"NodeDown"}},
	"the control plane's machine is rebooted": {series{
		up("apiserver", control): between(1, 0, 8), up("etcd", control): between(1, 0, 7), up("calico", control): between(1, 0, 7),
		up("kubelet", control): between(1, 0, 5), up("cadvisor", control): between(1, 0, 5), up("node-exporter", control): between(1, 0, 5),
	}, []string{"NodeDown"}},
	"the API server fails":   {series{answered("500"): counts(0, 15)}, []string{"ApiServerErrors"}},
	"the API server is slow": {series{seconds("0.1"): counts(150, 75), seconds("2"): counts(150, 150)}, []string{"ApiServerSlow"}},
	"etcd is killed and the API server ends": {series{
		up("etcd", control): then(1, 0), etcdLeader: gone(), answered("500"): counts(0, 60), seconds("0.1"): counts(150, 0), seconds("2"): counts(150, 0),
		up("apiserver", control): later(1, 0, 4), up("kubelet", first): later(1, 0, 6),
	}, []string{"EtcdDown"}},
	"etcd has no leader": {series{etcdLeader: then(1, 0), answered("500"): counts(0, 60)}, []string{"EtcdDown"}},
	"etcd's disk is slow": {series{
		fsyncs("0.008"): counts(60, 30), seconds("0.1"): counts(150, 75), seconds("2"): counts(150, 150),
	}, []string{"EtcdSlow"}},
	"a client's certificate ends in six days": {series{usedWith("604800"): counts(0, 1)}, []string{"CertificateEndsSoon"}},

	// network
	"a node's BGP sessions are down": {series{podReady(system, "calico-node-"+first): then(1, 0)}, []string{"CalicoNodeNotReady"}},
	"a node's pods are cut off": {series{
		podReady(system, "calico-node-"+first): then(1, 0), upPod("coredns", system, podOf("coredns"), first): later(1, 0, 4),
	}, []string{"CalicoNodeNotReady"}},
	"calico-node crashes": {series{
		podReady(system, "calico-node-"+first): then(1, 0), up("calico", first): then(1, 0), waiting(system, "calico-node-"+first, "CrashLoopBackOff"): then(0, 1),
	}, []string{"CalicoNodeNotReady"}},
	"CoreDNS is away": {coreDNSAway.with(ordersFail), []string{"CoreDNSDown"}},

	// database
	"the database is away and orders fail": {series{available(shop, "postgres"): then(1, 0), podReady(shop, podOf("postgres")): then(1, 0)}.with(ordersFail), []string{"DatabaseAway"}},
	"the database restarts":                {series{available(shop, "postgres"): between(1, 0, 2)}, nil},
	"the database's primary is away":       {replicated().with(series{podReady(shop, "postgres-1"): then(1, 0), primaries: then(1, 0)}, ordersFail), []string{"DatabaseAway"}},
	"another server becomes the primary":   {replicated().with(series{podReady(shop, "postgres-1"): between(1, 0, 2), primaries: between(1, 0, 1), requests("POST /api/orders", "503"): between(0, 30, 2)}), nil},
	"the database's standby is away":       {replicated().with(series{podReady(shop, "postgres-2"): then(1, 0)}), []string{"DatabaseStandbyAway"}},
	"the database's standby has no pod": {replicated().with(series{
		podReady(shop, "postgres-2"): gone(), podInfo(shop, "postgres-2", "Cluster", "postgres", first): gone(),
	}), []string{"DatabaseStandbyAway"}},
	"the machine of the database's standby is gone": {replicated().with(series{
		ready(first): then(1, 0), up("kubelet", first): then(1, 0), up("cadvisor", first): then(1, 0), up("node-exporter", first): then(1, 0),
		podReady(shop, "postgres-2"): then(1, 0),
	}), []string{"NodeDown"}},
	"all caches are away": {series{available(shop, "redis"): then(1, 0)}, []string{"CacheAway"}},

	// shop
	"no frontend is available": {series{available(shop, "frontend"): then(1, 0)}, []string{"ShopDown"}},
	"no backend is available":  {series{available(shop, "backend"): then(1, 0), upPod("backend", shop, podOf("backend"), second): gone()}, []string{"ShopDown"}},
	"orders fail":              {ordersFail, []string{"ShopErrors"}},
	"one request of a quiet shop fails": {series{
		requests("GET /data", "200"): counts(1, 1), requests("POST /api/orders", "503"): then(0, 1),
	}, nil},
	"requests take two seconds": {series{durations("0.1"): counts(150, 100), durations("1"): counts(150, 100)}, []string{"ShopSlow"}},

	// backup
	"a backup fails":   {series{`platform_backup_failed{node="control-plane",what="cluster"}`: then(0, 1)}, []string{"BackupFailed"}},
	"a backup is late": {series{`platform_backup_due_timestamp_seconds{node="control-plane",what="cluster"}`: steady(start + 15*before - 1800)}, []string{"BackupLate"}},

	// monitoring
	"a backend does not tell its metrics": {series{upPod("backend", shop, podOf("backend"), second): then(1, 0)}, []string{"ScrapeTargetLost"}},
	"the agent of a node ends":            {series{up("node-exporter", first): then(1, 0)}, []string{"ScrapeTargetLost"}},
	"a pod is not ready and not heard of": {series{upPod("backend", shop, podOf("backend"), second): then(1, 0), podReady(shop, podOf("backend")): then(1, 0)}, nil},
	"kube-state-metrics is away":          {series{upPod("kube-state-metrics", watcher, podOf("kube-state-metrics"), first): gone()}, []string{"KubeStateMetricsDown"}},
	"kube-state-metrics does not answer":  {series{upPod("kube-state-metrics", watcher, podOf("kube-state-metrics"), first): then(1, 0)}, []string{"KubeStateMetricsDown"}},
	"Alertmanager is away": {series{
		available(watcher, "alertmanager"): then(1, 0), podReady(watcher, podOf("alertmanager")): then(1, 0),
		upPod("alertmanager", watcher, podOf("alertmanager"), first): then(1, 0),
	}, []string{"MonitoringDown"}},
	"VictoriaLogs crashes": {series{
		available(watcher, "victoria-logs"): then(1, 0), podReady(watcher, podOf("victoria-logs")): then(1, 0),
		waiting(watcher, podOf("victoria-logs"), "CrashLoopBackOff"):   then(0, 1),
		upPod("victoria-logs", watcher, podOf("victoria-logs"), first): then(1, 0),
	}, []string{"MonitoringDown"}},
	"the receiver of alerts is away": {series{`alertmanager_notifications_failed_total{instance="alertmanager",integration="webhook"}`: counts(0, 1)}, []string{"AlertsNotSent"}},
}

// The parts of a test file of vmalert-tool that are used.
type (
	testFile struct {
		RuleFiles          []string    `json:"rule_files"`
		EvaluationInterval string      `json:"evaluation_interval"`
		Tests              []testGroup `json:"tests"`
	}
	testGroup struct {
		Name              string           `json:"name"`
		Interval          string           `json:"interval"`
		InputSeries       []inputSeries    `json:"input_series"`
		MetricsqlExprTest []expressionTest `json:"metricsql_expr_test"`
	}
	inputSeries    struct{ Series, Values string }
	expressionTest struct {
		Expr       string   `json:"expr"`
		EvalTime   string   `json:"eval_time"`
		ExpSamples []sample `json:"exp_samples"`
	}
	sample struct {
		Labels string  `json:"labels"`
		Value  float64 `json:"value"`
	}
)

func (s inputSeries) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"series": s.Series, "values": s.Values})
}

// TestAFaultRaisesItsAlertAlone has vmalert's evaluator judge what is seen of each fault. No alert fires before it; its own does one
// minute later, and no other one does in nine minutes.
func TestAFaultRaisesItsAlertAlone(t *testing.T) {
	tool, err := toolchain.Tool(t.Context(), "vmalert-tool")
	require.NoError(t, err)
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			group := testGroup{Name: name, Interval: interval}
			all := healthy().with(fault.series)
			for key, values := range all {
				group.InputSeries = append(group.InputSeries, inputSeries{key, values})
			}
			var firing []sample
			for _, alert := range fault.alerts {
				firing = append(firing, sample{fmt.Sprintf("{alertname=%q}", alert), 1})
			}
			const raised = `count by (alertname) (ALERTS{alertstate="firing"})`
			group.MetricsqlExprTest = []expressionTest{
				{raised, "1m45s", nil}, {raised, "3m", firing},
				{`count by (alertname) (max_over_time(ALERTS{alertstate="firing"}[15m]))`, "10m45s", firing},
			}
			text, err := json.Marshal(testFile{RuleFiles: rulePaths(t), EvaluationInterval: interval, Tests: []testGroup{group}})
			require.NoError(t, err)
			path := filepath.Join(t.TempDir(), "fault.yaml")
			require.NoError(t, os.WriteFile(path, text, 0o600))
			out, err := toolchain.Command{Args: []string{tool, "unittest", "--files", path, "--disableAlertgroupLabel"}}.Output(t.Context())
			require.NoError(t, err, out)
		})
	}
}
