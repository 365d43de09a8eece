package toolchain

import (
	"slices"

	"ecommerce-platform/cluster/versions"
)

// Pin is one Go module of other people that the lab builds, at the version its go.mod requires.
type Pin struct {
	// Name is the pin's name and its directory below modules/.
	Name string
	// Version is what the binaries report and what progress lines show.
	Version string
	// Cold is how long the first build takes on two cores.
	Cold string
	// Main is a directory below modules/ with a main package, which is compiled as if it lay in the module's own. Optional.
	Main string
	// Binaries are built together, because most of their packages are the same ones.
	Binaries []Binary
	// Stamps are linker -X assignments, as the project's own release build sets them.
	Stamps []string
	// Files are copied from a module's source tree to lie beside the binaries.
	Files []File
}

// Binary is one command of a pin. Names are unique over all pins.
type Binary struct{ Name, Package string }

// File is a file of a module in the build list of the pin.
type File struct{ Module, Path, Name string }

// Versions that more than one place of the lab names, and users do not see. Those that they see are in the table of
// versions.
const (
	PulumiVersion             = "3.255.0"
	CNIPluginsVersion         = "1.7.1"
	CRIToolsVersion           = "1.34.0" // the newest to be had as a module
	PgwebVersion              = "0.17.0"
	KubeBenchVersion          = "0.15.6"
	KubeScoreVersion          = "1.20.0"
	AWSProviderVersion        = "6.83.2"
	KubernetesProviderVersion = "4.25.0"
	CommandProviderVersion    = "1.1.3"
)

// CalicoModule holds Calico's manifest and the calico/node image's file tree besides its sources.
const CalicoModule = "github.com/projectcalico/calico"

// What the platform is watched with.
const (
	metricsServerModule    = "sigs.k8s.io/metrics-server"
	victoriaMetricsModule  = "github.com/VictoriaMetrics/VictoriaMetrics"
	victoriaLogsModule     = "github.com/VictoriaMetrics/VictoriaLogs"
	alertmanagerModule     = "github.com/prometheus/alertmanager"
	kubeStateMetricsModule = "k8s.io/kube-state-metrics/v2"
)

// CloudNativePGModule holds the operator's manifest besides its sources.
const CloudNativePGModule = "github.com/cloudnative-pg/cloudnative-pg"

const kubernetesProviderModule = "github.com/pulumi/pulumi-kubernetes/provider/v4"

// Pins is every tool that is built from a published module.
var Pins = slices.Concat(releasePins(), []Pin{
	{
		Name: "pulumi", Version: "v" + PulumiVersion, Cold: "3 min",
		Binaries: []Binary{{"pulumi", "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"}},
		// The Automation API refuses a CLI that does not say its version.
		Stamps: []string{"github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=" + PulumiVersion},
	},
	{
		Name: "pulumi-kubernetes", Version: "v" + KubernetesProviderVersion, Cold: "5 min",
		Binaries: []Binary{{"pulumi-resource-kubernetes", "."}},
		Stamps: []string{
			"main.version=" + KubernetesProviderVersion,
			kubernetesProviderModule + "/pkg/version.Version=" + KubernetesProviderVersion,
		},
		Files: []File{{kubernetesProviderModule, "cmd/pulumi-resource-kubernetes/schema.json", "schema.json"}},
	},
	{
		Name: "calico", Version: "v" + versions.All.Calico.Lab.Version, Cold: "5 min",
		Binaries: []Binary{
			{"calico-node", CalicoModule + "/node/cmd/calico-node"},
			{"calico-cni", CalicoModule + "/cni-plugin/cmd/calico"},
			{"calico-cni-install", CalicoModule + "/cni-plugin/cmd/install"},
			{"calico-kube-controllers", CalicoModule + "/kube-controllers/cmd/kube-controllers"},
			{"calico-check-status", CalicoModule + "/kube-controllers/cmd/check-status"},
		},
		Stamps: []string{
			"main.VERSION=v" + versions.All.Calico.Lab.Version,
			CalicoModule + "/node/pkg/lifecycle/startup.VERSION=v" + versions.All.Calico.Lab.Version,
			CalicoModule + "/node/buildinfo.GitVersion=v" + versions.All.Calico.Lab.Version,
		},
	},
	containerdPin(versions.All.Containerd.Version, ""),
	containerdPin(versions.All.Containerd.Before, Before),
	{
		Name: "plugins", Version: "v" + CNIPluginsVersion, Cold: "1 min",
		Binaries: []Binary{
			{"host-local", "github.com/containernetworking/plugins/plugins/ipam/host-local"},
			{"bridge", "github.com/containernetworking/plugins/plugins/main/bridge"},
			{"host-device", "github.com/containernetworking/plugins/plugins/main/host-device"},
			{"loopback", "github.com/containernetworking/plugins/plugins/main/loopback"},
			{"ptp", "github.com/containernetworking/plugins/plugins/main/ptp"},
			{"bandwidth", "github.com/containernetworking/plugins/plugins/meta/bandwidth"},
			{"portmap", "github.com/containernetworking/plugins/plugins/meta/portmap"},
			{"tuning", "github.com/containernetworking/plugins/plugins/meta/tuning"},
		},
		Stamps: []string{"github.com/containernetworking/plugins/pkg/utils/buildversion.BuildVersion=v" + CNIPluginsVersion},
	},
	{
		Name: "cri-tools", Version: "v" + CRIToolsVersion, Cold: "2 min",
		Binaries: []Binary{{"crictl", "sigs.k8s.io/cri-tools/cmd/crictl"}},
		Stamps:   []string{"sigs.k8s.io/cri-tools/pkg/version.Version=" + CRIToolsVersion},
	},
	{
		Name: "node_exporter", Version: "v" + versions.All.NodeExporter, Cold: "1 min",
		Binaries: []Binary{{"node_exporter", "github.com/prometheus/node_exporter"}},
		Stamps:   []string{"github.com/prometheus/common/version.Version=" + versions.All.NodeExporter},
	},
	{
		Name: "metrics-server", Version: "v" + versions.All.MetricsServer, Cold: "2 min",
		Binaries: []Binary{{"metrics-server", metricsServerModule + "/cmd/metrics-server"}},
		Stamps:   []string{"k8s.io/client-go/pkg/version.gitVersion=v" + versions.All.MetricsServer},
	},
	{
		Name: "kube-bench", Version: "v" + KubeBenchVersion, Cold: "3 min",
		Binaries: []Binary{{"kube-bench", "github.com/aquasecurity/kube-bench"}},
		Stamps:   []string{"github.com/aquasecurity/kube-bench/cmd.KubeBenchVersion=v" + KubeBenchVersion},
	},
	{
		// Its go.mod has what kube-state-metrics has, so that the two share what is compiled: kube-score needs libraries of Kubernetes
		// that are older than the lab's.
		Name: "kube-score", Version: "v" + KubeScoreVersion, Cold: "20 s",
		Binaries: []Binary{{"kube-score", "github.com/zegl/kube-score/cmd/kube-score"}},
		Stamps:   []string{"main.version=" + KubeScoreVersion},
	},
	{
		Name: "victoria-metrics", Version: "v" + versions.All.VictoriaMetrics, Cold: "4 min",
		Binaries: []Binary{
			{"victoria-metrics", victoriaMetricsModule + "/app/victoria-metrics"},
			{"vmalert", victoriaMetricsModule + "/app/vmalert"},
			{"vmalert-tool", victoriaMetricsModule + "/app/vmalert-tool"},
		},
		Stamps: []string{victoriaMetricsModule + "/lib/buildinfo.Version=v" + versions.All.VictoriaMetrics},
	},
	{
		Name: "victoria-logs", Version: "v" + versions.All.VictoriaLogs, Cold: "2 min",
		Binaries: []Binary{
			{"victoria-logs", victoriaLogsModule + "/app/victoria-logs"},
			{"vlagent", victoriaLogsModule + "/app/vlagent"},
		},
		Stamps: []string{victoriaMetricsModule + "/lib/buildinfo.Version=v" + versions.All.VictoriaLogs},
	},
	{
		Name: "alertmanager", Version: "v" + versions.All.Alertmanager, Cold: "2 min",
		Binaries: []Binary{{"alertmanager", alertmanagerModule + "/cmd/alertmanager"}},
		Stamps:   []string{"github.com/prometheus/common/version.Version=" + versions.All.Alertmanager},
	},
	{
		Name: "kube-state-metrics", Version: "v" + versions.All.KubeStateMetrics, Cold: "3 min",
		Binaries: []Binary{{"kube-state-metrics", kubeStateMetricsModule}},
		Stamps:   []string{"github.com/prometheus/common/version.Version=v" + versions.All.KubeStateMetrics},
	},
	{
		Name: "cloudnative-pg", Version: "v" + versions.All.CloudNativePG.Version, Cold: "3 min",
		Binaries: []Binary{{"cloudnative-pg", CloudNativePGModule + "/cmd/manager"}},
		Stamps:   []string{CloudNativePGModule + "/pkg/versions.buildVersion=" + versions.All.CloudNativePG.Version},
	},
	{
		Name: "pgweb", Version: "v" + PgwebVersion, Cold: "1 min",
		Binaries: []Binary{{"pgweb", "github.com/sosedoff/pgweb"}},
	},
	{
		Name: "kwok", Version: "v0.7.0", Cold: "3 min",
		Binaries: []Binary{{"kwok", "sigs.k8s.io/kwok/cmd/kwok"}},
		Stamps:   []string{"sigs.k8s.io/kwok/pkg/consts.Version=v0.7.0"},
	},
	{
		Name: "golangci-lint", Version: "v2.12.2", Cold: "9 min",
		Binaries: []Binary{{"golangci-lint", "github.com/golangci/golangci-lint/v2/cmd/golangci-lint"}},
		Stamps:   []string{"main.version=2.12.2"},
	},
	{
		Name: "shfmt", Version: "v3.12.0", Cold: "20 s",
		Binaries: []Binary{{"shfmt", "mvdan.cc/sh/v3/cmd/shfmt"}},
		Stamps:   []string{"main.version=v3.12.0"},
	},
	{
		Name: "actionlint", Version: "v1.7.7", Cold: "20 s",
		Binaries: []Binary{{"actionlint", "github.com/rhysd/actionlint/cmd/actionlint"}},
	},
	{
		Name: "govulncheck", Version: "v1.3.0", Cold: "20 s",
		Binaries: []Binary{{"govulncheck", "golang.org/x/vuln/cmd/govulncheck"}},
	},
	{
		Name: "seaweedfs", Version: "v0.0.0-20261109003541-7506e5f91cd6", Cold: "10 min",
		Binaries: []Binary{{"weed", "github.com/seaweedfs/seaweedfs/weed"}},
	},
	{Name: "image", Version: "v0.18.0", Cold: "2 min", Binaries: []Binary{{"image", "."}}},
})

// Own is the lab's own commands: package paths in its module, by binary name.
var Own = map[string]string{
	"pulumi-resource-aws":     "./twin/pulumi-resource-aws",
	"bench-client":            "./bench/bench-client",
	"pulumi-resource-command": "./command/pulumi-resource-command",
	"pulumi-language-go":      "./languagehost/pulumi-language-go",
	"pause":                   "./images/pause",
}

// find returns the pin that builds a binary.
func find(binary string) (Pin, bool) {
	for _, pin := range Pins {
		for _, b := range pin.Binaries {
			if b.Name == binary {
				return pin, true
			}
		}
	}
	return Pin{}, false
}
