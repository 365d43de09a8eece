package monitoring

import (
	"fmt"

	"sigs.k8s.io/yaml"

	"ecommerce-platform/workloads/podspec"
)

// interval is how often everything is asked.
const interval = "15s"

// The parts of the configuration that are used.
// https://docs.victoriametrics.com/victoriametrics/sd_configs/
type (
	scrapeFile struct {
		Global        scrapeGlobal   `json:"global"`
		ScrapeConfigs []scrapeConfig `json:"scrape_configs"`
	}
	scrapeGlobal struct {
		ScrapeInterval string `json:"scrape_interval"`
	}
	scrapeConfig struct {
		JobName              string      `json:"job_name"`
		Scheme               string      `json:"scheme,omitempty"`
		MetricsPath          string      `json:"metrics_path,omitempty"`
		BearerTokenFile      string      `json:"bearer_token_file,omitempty"`
		TLSConfig            *tlsConfig  `json:"tls_config,omitempty"`
		KubernetesSDConfigs  []discovery `json:"kubernetes_sd_configs"`
		RelabelConfigs       []relabel   `json:"relabel_configs"`
		MetricRelabelConfigs []relabel   `json:"metric_relabel_configs,omitempty"`
	}
	tlsConfig struct {
		CAFile string `json:"ca_file"`
	}
	discovery struct {
		Role       string              `json:"role"`
		Namespaces *discoveryNamespace `json:"namespaces,omitempty"`
		Selectors  []discoverySelector `json:"selectors,omitempty"`
	}
	discoveryNamespace struct {
		Names []string `json:"names"`
	}
	discoverySelector struct {
		Role  string `json:"role"`
		Label string `json:"label"`
	}
	relabel struct {
		Action       string   `json:"action,omitempty"`
		SourceLabels []string `json:"source_labels,omitempty"`
		Regex        string   `json:"regex,omitempty"`
		TargetLabel  string   `json:"target_label,omitempty"`
		Replacement  string   `json:"replacement,omitempty"`
	}
)

// What VictoriaMetrics knows of nodes and pods before it asks them.
const (
	nodeName     = "__meta_kubernetes_node_name"
	nodeAddress  = "__meta_kubernetes_node_address_InternalIP"
	controlPlane = "__meta_kubernetes_node_labelpresent_node_role_kubernetes_io_control_plane"
	podName      = "__meta_kubernetes_pod_name"
	podNamespace = "__meta_kubernetes_namespace"
	podNode      = "__meta_kubernetes_pod_node_name"
	podPhase     = "__meta_kubernetes_pod_phase"
	podPort      = "__meta_kubernetes_pod_container_port_name"
	podComponent = "__meta_kubernetes_pod_label_app_kubernetes_io_name"
	metricName   = "__name__"
)

// onNode is something that nodes answer themselves. Its series say in the labels instance and node which one.
type onNode struct {
	job  string
	port int
	// tls asks as the account of VictoriaMetrics and insists on the cluster's authority.
	tls  bool
	path string
	// controlPlane asks only the nodes of that role.
	controlPlane bool
	metrics      []relabel
	reason       string // of the row that lets it through
}

// onNodes is the table of what nodes are asked for.
var onNodes = []onNode{
	{job: "node-exporter", port: exporterPort, reason: "What nodes use, from the agent of each"},
	{job: "kubelet", port: 10250, tls: true, metrics: []relabel{without(`.+_bucket|kubernetes_feature_enabled`)}, reason: "What kubelets do, and what containers use"},
	{job: "cadvisor", port: 10250, tls: true, path: "/metrics/cadvisor", metrics: []relabel{
		// Of the cgroups that are no pod's, the node's own is enough.
		{Action: "keep", SourceLabels: []string{"id", "pod"}, Regex: `/?;|.*;.+`},
		without(`container_(blkio|hugetlb|memory_failures|spec|tasks_state|ulimits)_?.*`),
	}},
	{job: "apiserver", port: apiPort, tls: true, controlPlane: true, metrics: []relabel{
		// Of the histograms, whose buckets are most of its series, the one by which requests are judged.
		{Action: "drop", SourceLabels: []string{metricName}, Regex: `(apiserver_(request_(body|duration)|response|watch|storage|flowcontrol|admission|cel|authorization)|etcd|workqueue|rest_client|authentication)_?.*_bucket|kubernetes_feature_enabled`},
	}, reason: "Which nodes and pods there are, and what the API server does"},
	{job: "etcd", port: 2381, controlPlane: true, metrics: []relabel{without(`grpc_server_.*|etcd_debugging_.*`)}, reason: "What etcd does"},
	{job: "calico", port: 9091, reason: "What Calico does"},
}

// onPods is something that pods of a namespace answer, on the ports of a name.
type onPods struct {
	// job is their job. Default, the name of each pod's component.
	job       string
	namespace string
	selector  string // of pods
	port      string
	// located adds the labels namespace, pod and node. Not to kube-state-metrics: they would say where it runs itself.
	located bool
}

func (a *Args) onPods() []onPods {
	return []onPods{
		{job: "coredns", namespace: "kube-system", selector: "k8s-app=kube-dns", port: metricsPort, located: true},
		{job: kubeStateMetrics, namespace: Namespace, selector: nameLabel + "=" + kubeStateMetrics, port: httpPort},
		{namespace: Namespace, selector: partOfLabel + "=" + partOf + "," + nameLabel + "!=" + kubeStateMetrics, port: httpPort, located: true},
		{namespace: a.Shop, selector: partOfLabel + "=" + partOf, port: metricsPort, located: true},
		{job: agent, namespace: agentNamespace, selector: nameLabel + "=" + agent, port: httpPort, located: true},
	}
}

// without drops series by the names of their metrics.
func without(names string) relabel {
	return relabel{Action: "drop", SourceLabels: []string{metricName}, Regex: names}
}

func label(target string, sources ...string) relabel {
	return relabel{SourceLabels: sources, TargetLabel: target}
}

// scrapeYAML is what VictoriaMetrics asks for, of whom.
func (a *Args) scrapeYAML() (string, error) {
	file := scrapeFile{Global: scrapeGlobal{interval}}
	for _, what := range onNodes {
		file.ScrapeConfigs = append(file.ScrapeConfigs, what.config())
	}
	for _, what := range a.onPods() {
		file.ScrapeConfigs = append(file.ScrapeConfigs, what.config())
	}
	document, err := yaml.Marshal(file)
	if err != nil {
		return "", fmt.Errorf("marshal what VictoriaMetrics asks for: %w", err)
	}
	return string(document), nil
}

func (o onNode) config() scrapeConfig {
	config := scrapeConfig{
		JobName: o.job, MetricsPath: o.path, KubernetesSDConfigs: []discovery{{Role: "node"}}, MetricRelabelConfigs: o.metrics,
	}
	if o.tls {
		config.Scheme, config.BearerTokenFile = "https", podspec.Credentials+"/token"
		config.TLSConfig = &tlsConfig{podspec.Credentials + "/ca.crt"}
	}
	if o.controlPlane {
		config.RelabelConfigs = append(config.RelabelConfigs, relabel{Action: "keep", SourceLabels: []string{controlPlane}, Regex: "true"})
	}
	config.RelabelConfigs = append(config.RelabelConfigs,
		relabel{SourceLabels: []string{nodeAddress}, TargetLabel: "__address__", Replacement: fmt.Sprintf("$1:%d", o.port)},
		label("instance", nodeName), label("node", nodeName))
	return config
}

func (o onPods) config() scrapeConfig {
	config := scrapeConfig{
		JobName: o.job,
		KubernetesSDConfigs: []discovery{{
			Role: "pod", Namespaces: &discoveryNamespace{[]string{o.namespace}}, Selectors: []discoverySelector{{Role: "pod", Label: o.selector}},
		}},
		RelabelConfigs: []relabel{
			{Action: "keep", SourceLabels: []string{podPort}, Regex: o.port},
			// Pods that have ended keep their address for a while.
			{Action: "drop", SourceLabels: []string{podPhase}, Regex: "Succeeded|Failed"},
			label("instance", podName),
		},
	}
	if o.job == "" {
		config.JobName = "pods of " + o.namespace
		config.RelabelConfigs = append(config.RelabelConfigs, label("job", podComponent))
	}
	if o.located {
		config.RelabelConfigs = append(config.RelabelConfigs, label("namespace", podNamespace), label("pod", podName), label("node", podNode))
	}
	return config
}
