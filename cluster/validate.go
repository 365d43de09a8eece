package cluster

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"ecommerce-platform/cluster/step"
	"ecommerce-platform/cluster/versions"
	"ecommerce-platform/infra/boundary"
)

// blockBits is the prefix length of the blocks in which Calico hands pod addresses to nodes.
const blockBits = 26

var fullVersion = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$`)

// reservedKubelet are the fields of KubeletConfiguration that the bootstrap itself decides.
var reservedKubelet = []string{"apiVersion", "kind", "cgroupDriver", "clusterDNS", "clusterDomain", "staticPodPath"}

// problems collects everything that is wrong.
type problems struct{ boundary.Problems }

// Validate returns everything that is wrong with the arguments, so that all of it can be mended at once.
func (a *Args) Validate() []error {
	var p problems
	p.versions(a)
	p.networks(a)
	p.nodes(a)
	p.mirrors(a.Mirrors)
	p.registries(a)
	p.settings(a)
	p.backup(a)
	p.auditLog(a.AuditLog)
	p.kubeconfigs(a.Kubeconfigs)
	p.oidc(a.OIDC)
	p.access(a)
	p.marker("osUpdate", a.OSUpdate)
	p.marker("secretsKeyRotation", a.SecretsKeyRotation)
	return p.Found()
}

func (p *problems) versions(a *Args) {
	known := versions.All
	switch minor := versions.Minor(a.KubernetesVersion); {
	case !fullVersion.MatchString(a.KubernetesVersion):
		p.Addf("kubernetesVersion %q: not a full version such as %s", a.KubernetesVersion, known.Kubernetes.New().Version)
	case known.Kubernetes.Of(minor) == nil:
		p.Addf("kubernetesVersion %q: minor version %s is not supported, use %s",
			a.KubernetesVersion, minor, strings.Join(known.Kubernetes.Minors(), " or "))
	}
	if !fullVersion.MatchString(a.ContainerdVersion) || strings.HasPrefix(a.ContainerdVersion, "0.") || strings.HasPrefix(a.ContainerdVersion, "1.") {
		p.Addf("containerdVersion %q: not a full version of 2.0 or later, such as %s", a.ContainerdVersion, known.Containerd.Version)
	}
	if !fullVersion.MatchString(a.CalicoVersion) {
		p.Addf("calicoVersion %q: not a full version such as %s", a.CalicoVersion, known.Calico.Version)
	}
	p.checksum("calicoManifestSha256", a.CalicoManifestSHA256)
	switch {
	case a.CloudNativePGVersion == "" && a.CloudNativePGManifestSHA256 == "":
		return
	case a.CloudNativePGVersion == "":
		p.Addf("cloudNativePGManifestSha256 %q: has no use without cloudNativePGVersion", a.CloudNativePGManifestSHA256)
		return
	case !fullVersion.MatchString(a.CloudNativePGVersion):
		p.Addf("cloudNativePGVersion %q: not a full version such as %s", a.CloudNativePGVersion, known.CloudNativePG.Version)
	}
	p.checksum("cloudNativePGManifestSha256", a.CloudNativePGManifestSHA256)
}

func (p *problems) checksum(key, text string) {
	if sum, err := hex.DecodeString(text); err != nil || len(sum) != 32 || strings.ToLower(text) != text {
		p.Addf("%s %q: not a SHA-256 checksum in 64 lower-case hexadecimal digits", key, text)
	}
}

func (p *problems) networks(a *Args) {
	pods, podsOK := p.CIDR("podCidr", a.PodCidr)
	services, servicesOK := p.CIDR("serviceCidr", a.ServiceCidr)
	if podsOK && servicesOK && pods.Overlaps(services) {
		p.Addf("serviceCidr %q: overlaps podCidr %q", a.ServiceCidr, a.PodCidr)
	}
	// The API server takes no more than 2^20 addresses of Services, and kubeadm no fewer than
	// its own and the DNS's need; below /24 there is room for a handful only.
	if servicesOK && (services.Bits() < 12 || services.Bits() > 24) {
		p.Addf("serviceCidr %q: its size must be from /12 to /24", a.ServiceCidr)
	}
	if podsOK {
		blocks := 0
		if pods.Bits() <= blockBits {
			blocks = 1 << min(blockBits-pods.Bits(), 30)
		}
		if blocks < len(a.Nodes) {
			p.Addf("podCidr %q: holds %d blocks of /%d, but each of the %d nodes needs one", a.PodCidr, blocks, blockBits, len(a.Nodes))
		}
	}
	for i, node := range a.Nodes {
		address, err := netip.ParseAddr(node.PrivateIP)
		if err != nil {
			continue
		}
		if podsOK && pods.Contains(address) {
			p.Addf("nodes[%d].privateIp %q: inside podCidr %q", i, node.PrivateIP, a.PodCidr)
		}
		if servicesOK && services.Contains(address) {
			p.Addf("nodes[%d].privateIp %q: inside serviceCidr %q", i, node.PrivateIP, a.ServiceCidr)
		}
	}
}

func (p *problems) mirrors(m Mirrors) {
	for _, mirror := range []struct{ key, value string }{
		{"mirrors.packages", m.Packages}, {"mirrors.images", m.Images}, {"mirrors.manifests", m.Manifests},
	} {
		if mirror.value == "" {
			continue
		}
		if err := checkURL(mirror.value); err != nil {
			p.Addf("%s %q: %w", mirror.key, mirror.value, err)
		}
	}
	const armor = "-----BEGIN PGP PUBLIC KEY BLOCK-----"
	switch {
	case m.Packages != "" && m.PackagesKey == "":
		p.Addf("mirrors.packagesKey <unset>: required, because mirrors.packages is set")
	case m.Packages == "" && m.PackagesKey != "":
		p.Addf("mirrors.packagesKey <set>: has no use without mirrors.packages")
	case m.PackagesKey != "" && !strings.HasPrefix(strings.TrimSpace(m.PackagesKey), armor):
		p.Addf("mirrors.packagesKey <set>: not an armored OpenPGP public key, which begins with %s", armor)
	}
}

// safeURL keeps out what would need quoting in an apt source line.
var safeURL = regexp.MustCompile(`^[A-Za-z0-9._~:/@%+-]+$`)

func checkURL(value string) error {
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Host == "" || !slices.Contains([]string{"http", "https"}, u.Scheme) || !safeURL.MatchString(value):
		return errors.New("not an http or https URL")
	case u.User != nil:
		return errors.New("must not hold a user name or a password")
	case strings.HasSuffix(value, "/"):
		return errors.New("must not end in a slash")
	}
	return nil
}

func (p *problems) settings(a *Args) {
	for _, key := range reservedKubelet {
		if value, ok := a.Kubelet[key]; ok {
			p.Addf("kubelet.%s %q: set by the platform, remove it", key, fmt.Sprint(value))
		}
	}
	p.silence(a)
	for i, check := range a.IgnorePreflightErrors {
		if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*$`).MatchString(check) {
			p.Addf("ignorePreflightErrors[%d] %q: not the name of a kubeadm check such as SystemVerification", i, check)
		}
	}
	if image := a.NodeExporterImage; !pinnedImage.MatchString(image) || strings.HasSuffix(image, ":latest") {
		p.Addf("nodeExporterImage %q: must name a tag other than latest, or a digest", image)
	}
	if a.LoginKey == nil {
		p.Addf("loginKey <unset>: required, the private key of the user %s", step.LoginUser)
	}
	if len(a.AuthorizedKeys) == 0 {
		p.Addf("authorizedKeys []: at least one is required, that of loginKey")
	}
	if a.Identifier == "" {
		p.Addf("identifier <unset>: required, a name that stays the same as long as the cluster lives")
	}
}

// shortestSilence is the shortest that may make a node count as not ready. While the API server is away no node can report. After 10
// seconds of that the controller manager gives up its lease, ends, and counts anew; where the API server is back earlier, each node has to be
// heard before it counts as silent, and the next report comes a quarter of this later: 14 seconds, and 2 for it to arrive.
// https://kubernetes.io/docs/reference/command-line-tools-reference/kube-controller-manager/
const shortestSilence = 16 * time.Second

// silence is for how long a node may say nothing.
func (p *problems) silence(a *Args) {
	period := a.NodeMonitorGracePeriod
	if period == 0 {
		return
	}
	if period < shortestSilence || period%time.Second != 0 {
		p.Addf("nodeMonitorGracePeriod %q: must be whole seconds and at least %s, or else an API server that is away for a moment makes all nodes count as not ready",
			period, shortestSilence)
	}
	for _, key := range []string{reportFrequency, unchangedFrequency} {
		if value, ok := a.Kubelet[key]; ok {
			p.Addf("kubelet.%s %q: follows from nodeMonitorGracePeriod %q, remove it", key, fmt.Sprint(value), period)
		}
	}
}

var (
	safePath = regexp.MustCompile(`^[A-Za-z0-9._/-]+$`)
	// pinnedImage is a reference with a tag or a digest; a port belongs to the registry, not the tag.
	pinnedImage = regexp.MustCompile(`^[a-z0-9.-]+(:\d+)?(/[a-z0-9._-]+)*(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}|@sha256:[0-9a-f]{64})+$`)
)
