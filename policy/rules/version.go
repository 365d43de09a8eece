package rules

import (
	"fmt"

	"github.com/blang/semver"
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
