package toolchain

import (
	"fmt"
	"net/url"
	"os"
	"strings"

	"ecommerce-platform/cluster/versions"
)

// upstreamsVariable names other addresses of the public services, such as a company's own proxies of them.
const upstreamsVariable = "LAB_UPSTREAMS"

// registryProbe is the path by which Distribution's API tells itself.
const registryProbe = "/v2/"

// Hosts that publish what the platform is made of.
const (
	DockerHub          = "registry-1.docker.io"
	Quay               = "quay.io"
	KubernetesRegistry = "registry.k8s.io"
	GitHubRegistry     = "ghcr.io"
	KubernetesPackages = "pkgs.k8s.io"
	KubernetesReleases = "dl.k8s.io"
	DockerPackages     = "download.docker.com"
	DebianPackages     = "deb.debian.org"
	PulumiReleases     = "get.pulumi.com"
	GitHub             = "github.com"
	GitHubFiles        = "raw.githubusercontent.com"
)

// upstream is a public service, and a path there that answers.
type upstream struct{ host, probe string }

var upstreams = []upstream{
	{DockerHub, registryProbe},
	{Quay, registryProbe},
	{KubernetesRegistry, registryProbe},
	{GitHubRegistry, registryProbe},
	{KubernetesPackages, KubernetesRepository(versions.All.Kubernetes.New()) + "Release.key"},
	{KubernetesReleases, Artifacts["kubectl"].Path},
	{DockerPackages, "/linux/debian/gpg"},
	{PulumiReleases, Artifacts["pulumi"].Path},
	{GitHub, Artifacts["pulumi-resource-kubernetes"].Checksums.Path},
	{GitHubFiles, CalicoManifest()},
}

// KubernetesRepository is the path of the packages of a release's minor at KubernetesPackages.
func KubernetesRepository(r versions.Release) string { return "/core:/stable:/v" + r.Minor() + "/deb/" }

// CalicoManifest is the path at GitHubFiles of the manifest of the release that new clusters get.
func CalicoManifest() string {
	return "/projectcalico/calico/v" + versions.All.Calico.Version + "/manifests/calico.yaml"
}

// CloudNativePGManifest is the path at GitHubFiles of the manifest of the operator.
func CloudNativePGManifest() string {
	version := versions.All.CloudNativePG.Version
	return "/cloudnative-pg/cloudnative-pg/v" + version + "/releases/cnpg-" + version + ".yaml"
}

// Upstream is the base URL of a public host, without a slash at its end: https, or what LAB_UPSTREAMS gives instead, a list of
// host=URL separated by spaces.
func Upstream(host string) (string, error) {
	for _, entry := range strings.Fields(os.Getenv(upstreamsVariable)) {
		name, base, _ := strings.Cut(entry, "=")
		parsed, err := url.Parse(base)
		if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
			return "", fmt.Errorf("%s %q: must be host=URL", upstreamsVariable, entry)
		}
		if name == host {
			return strings.TrimSuffix(base, "/"), nil
		}
	}
	if host == DebianPackages {
		return "http://" + host, nil // as its machine images have it: what is signed needs no TLS
	}
	return "https://" + host, nil
}
