package rules

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/blang/semver"

	"ecommerce-platform/policy/model"
)

// kubeletSkew is how many minor versions a kubelet may be older than its API server.
// https://kubernetes.io/releases/version-skew-policy/#kubelet
const kubeletSkew = 3

// minors is a range of minor versions of Kubernetes 1.
type minors struct{ oldest, newest uint64 }

// calicoTested is which minors of Kubernetes a minor of Calico runs on. 3.28 is tested up to 1.30 by its project, and on 1.35
// by the lab of this repository.
// https://docs.tigera.io/calico/latest/getting-started/kubernetes/requirements
var calicoTested = map[string]minors{
	"3.28": {27, 35},
	"3.31": {32, 35},
	"3.32": {34, 36},
}

// installed is the version of Kubernetes' packages that a command line gives a machine.
var installed = regexp.MustCompile(`\bKUBERNETES_VERSION='?v?([0-9]+\.[0-9]+\.[0-9]+)'?`)

// versionSkew compares the API server's version with what every command installs.
func versionSkew(j *judge) {
	server, r := j.version("kubernetesVersion")
	if r == nil {
		return
	}
	for _, c := range j.of(model.CommandType) {
		line, known := c.Text("create")
		if !known {
			j.NotEvaluated(c, "create")
			continue
		}
		for _, match := range installed.FindAllStringSubmatch(line, -1) {
			kubelet, err := semver.Parse(match[1])
			if err != nil {
				continue
			}
			if problem := skewed(server, kubelet); problem != "" {
				j.fail(c, "%s: %s", c.Name, problem)
			}
		}
	}
}

// skewed says why a kubelet may not join an API server, or nothing.
func skewed(server, kubelet semver.Version) string {
	switch {
	case kubelet.Major != server.Major || kubelet.Minor > server.Minor:
		return fmt.Sprintf("kubelet %s is newer than the API server %s", kubelet, server)
	case server.Minor-kubelet.Minor > kubeletSkew:
		return fmt.Sprintf("kubelet %s is more than %d minor versions older than the API server %s", kubelet, kubeletSkew, server)
	}
	return ""
}

func calicoTestedWith(j *judge) {
	server, r := j.version("kubernetesVersion")
	calico, also := j.version("calicoVersion")
	if r == nil || also == nil {
		return
	}
	tested, listed := calicoTested[fmt.Sprintf("%d.%d", calico.Major, calico.Minor)]
	switch {
	case !listed:
		j.fail(r, "nobody is known to have tested Calico %s with Kubernetes %s", calico, server)
	case server.Minor < tested.oldest || server.Minor > tested.newest:
		j.fail(r, "Calico %s is tested with Kubernetes 1.%d to 1.%d, not with %s", calico, tested.oldest, tested.newest, server)
	}
}

// version is one that the cluster publishes, and the cluster; nil where this stack holds none.
func (j *judge) version(name string) (semver.Version, *model.Resource) {
	for _, cluster := range j.of(model.ClusterType) {
		text, known := j.text(cluster, name)
		if version, err := semver.ParseTolerant(strings.TrimPrefix(text, "v")); known && err == nil {
			return version, cluster
		}
	}
	return semver.Version{}, nil
}
