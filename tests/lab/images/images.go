// Package images makes the container images of the lab from Debian packages and from programs built by toolchain.
package images

import (
	"slices"

	"ecommerce-platform/cluster/versions"
	"ecommerce-platform/tests/lab/toolchain"
)

// Image is one image: a directory with a Dockerfile, and what is laid beside it before docker build runs.
type Image struct {
	// Name is the image's name in the lab.
	Name string
	// Dir is the directory of its Dockerfile; several images share one. Default: Name.
	Dir string
	// Ref is the name that manifests use for it; empty for images that only the lab's host runs.
	Ref string
	// Args are build arguments of the Dockerfile.
	Args map[string]string
	// Scratch images start from nothing, not from the Debian base.
	Scratch bool
	// Suite is the Debian release of the base. Default, that of all containers.
	Suite string
	// Tools are binaries put into bin/ of the build context: name there -> name for toolchain.Tool.
	Tools map[string]string
	// Trees are directories of a Go module: name in the build context -> directory.
	Trees map[string]Tree
}

// Tree is a directory of the source of a module that a pin builds.
type Tree struct{ Pin, Module, Dir string }

func same(names ...string) map[string]string {
	tools := map[string]string{}
	for _, name := range names {
		tools[name] = name
	}
	return tools
}

var calico = ":v" + versions.All.Calico.Lab.Version

// Mirror stands for the internet. It is never pulled from a registry.
var Mirror = Image{Name: "mirror"}

// Served is every image that a cluster of the lab pulls, beside those of its release of Kubernetes.
var Served = []Image{
	{
		Name: "calico-node", Ref: "docker.io/calico/node" + calico, Tools: same("calico-node"),
		Trees: map[string]Tree{
			"filesystem": {"calico", toolchain.CalicoModule, "node/filesystem"},
			"confd":      {"calico", toolchain.CalicoModule, "confd/etc/calico/confd"},
		},
	},
	{
		Name: "calico-cni", Ref: "docker.io/calico/cni" + calico,
		Tools: map[string]string{
			"calico": "calico-cni", "install": "calico-cni-install", "bandwidth": "bandwidth", "host-local": "host-local",
			"loopback": "loopback", "portmap": "portmap", "tuning": "tuning",
		},
	},
	{
		Name: "calico-kube-controllers", Ref: "docker.io/calico/kube-controllers" + calico,
		Tools: map[string]string{"kube-controllers": "calico-kube-controllers", "check-status": "calico-check-status"},
	},
	{Name: "node-exporter", Ref: "quay.io/prometheus/node-exporter:v" + versions.All.NodeExporter, Scratch: true, Tools: same("node_exporter")},
	{
		Name: "metrics-server", Ref: "registry.k8s.io/metrics-server/metrics-server:v" + versions.All.MetricsServer, Scratch: true,
		Tools: same("metrics-server"),
	},
	{
		Name: "victoria-metrics", Ref: "docker.io/victoriametrics/victoria-metrics:v" + versions.All.VictoriaMetrics, Scratch: true,
		Tools: same("victoria-metrics"),
	},
	{Name: "vmalert", Ref: "docker.io/victoriametrics/vmalert:v" + versions.All.VictoriaMetrics, Scratch: true, Tools: same("vmalert")},
	{
		Name: "victoria-logs", Ref: "docker.io/victoriametrics/victoria-logs:v" + versions.All.VictoriaLogs, Scratch: true,
		Tools: same("victoria-logs"),
	},
	{Name: "vlagent", Ref: "docker.io/victoriametrics/vlagent:v" + versions.All.VictoriaLogs, Scratch: true, Tools: same("vlagent")},
	{Name: "alertmanager", Ref: "quay.io/prometheus/alertmanager:v" + versions.All.Alertmanager, Scratch: true, Tools: same("alertmanager")},
	{
		Name: "kube-state-metrics", Ref: "registry.k8s.io/kube-state-metrics/kube-state-metrics:v" + versions.All.KubeStateMetrics, Scratch: true,
		Tools: same("kube-state-metrics"),
	},
	{Name: "pgweb", Ref: "docker.io/sosedoff/pgweb:" + toolchain.PgwebVersion, Scratch: true, Tools: same("pgweb")},
	{Name: "nginx", Ref: "docker.io/library/nginx:alpine"},
	{Name: "redis", Ref: "docker.io/library/redis:7-alpine"},
	{Name: "postgres", Ref: "docker.io/library/postgres:15", Args: map[string]string{"MAJOR": "15"}},
}

// NextPostgres is another major version of the database.
var NextPostgres = Image{
	Name: "postgres-17", Dir: "postgres", Ref: "docker.io/library/postgres:17", Args: map[string]string{"MAJOR": "17", "SUITE": "trixie"},
}

// CloudNativePG is what runs a replicated database.
var CloudNativePG = Image{
	Name: "cloudnative-pg", Ref: "ghcr.io/cloudnative-pg/cloudnative-pg:" + versions.All.CloudNativePG.Version, Scratch: true,
	Tools: map[string]string{"manager": "cloudnative-pg"},
}

// Releases are what clusters of these releases of Kubernetes pull, each image once.
func Releases(releases ...versions.Release) []Image {
	var all []Image
	for _, r := range releases {
		for _, i := range release(r) {
			if !slices.ContainsFunc(all, func(other Image) bool { return other.Ref == i.Ref }) {
				all = append(all, i)
			}
		}
	}
	return all
}

func release(r versions.Release) []Image {
	suffix := toolchain.Suffix(r)
	image := func(name, dir, ref string, scratch bool, tools ...string) Image {
		i := Image{Name: name + suffix, Dir: dir, Ref: "registry.k8s.io/" + ref, Scratch: scratch, Tools: map[string]string{}}
		for _, tool := range tools {
			i.Tools[tool] = tool + suffix
		}
		return i
	}
	return []Image{
		image("kube-apiserver", "kubernetes", "kube-apiserver:v"+r.Version, true, "kube-apiserver"),
		image("kube-controller-manager", "kubernetes", "kube-controller-manager:v"+r.Version, true, "kube-controller-manager"),
		image("kube-scheduler", "kubernetes", "kube-scheduler:v"+r.Version, true, "kube-scheduler"),
		image("kube-proxy", "kube-proxy", "kube-proxy:v"+r.Version, false, "kube-proxy"),
		image("etcd", "kubernetes", "etcd:"+r.Etcd+"-0", true, "etcd", "etcdctl", "etcdutl"),
		image("coredns", "coredns", "coredns/coredns:v"+r.CoreDNS, true, "coredns"),
		{Name: "pause" + suffix, Dir: "pause", Ref: "registry.k8s.io/pause:" + r.Pause, Scratch: true, Tools: same("pause")},
	}
}
