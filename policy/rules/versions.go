package rules

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/blang/semver"

	"ecommerce-platform/cluster/versions"
	"ecommerce-platform/policy/model"
)

// kubeletSkew is how many minor versions a kubelet may be older than its API server.
// https://kubernetes.io/releases/version-skew-policy/#kubelet
const kubeletSkew = 3

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
	for _, tested := range versions.All.Calico.Tested {
		if tested.Minor != versions.Minor(calico.String()) {
			continue
		}
		if server.Minor < minor(tested.Oldest) || server.Minor > minor(tested.Newest) {
			j.fail(r, "Calico %s is tested with Kubernetes %s to %s, not with %s", calico, tested.Oldest, tested.Newest, server)
		}
		return
	}
	j.fail(r, "nobody is known to have tested Calico %s with Kubernetes %s", calico, server)
}

// minor is 35 for 1.35. The table's own test reads every minor of it.
func minor(text string) uint64 {
	version, _ := semver.ParseTolerant(text)
	return version.Minor
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
