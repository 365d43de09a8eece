package toolchain

import (
	"strings"

	"ecommerce-platform/cluster/versions"
)

// Suffix ends the names of the programs of a release of Kubernetes; those of the default have none.
func Suffix(release versions.Release) string {
	if release.Minor() == versions.All.Kubernetes.Default {
		return ""
	}
	return "-" + release.Minor()
}

// releasePins build every release of Kubernetes that the table lists, each with its etcd and CoreDNS.
func releasePins() []Pin {
	var pins []Pin
	for _, release := range versions.All.Kubernetes.Releases {
		pins = append(pins, kubernetesPin(release), etcdPin(release), corednsPin(release))
	}
	return pins
}

// kubernetesPin builds the programs of one release.
func kubernetesPin(release versions.Release) Pin {
	pin := Pin{
		Name: "kubernetes-" + release.Minor(), Version: "v" + release.Version, Cold: "10 min",
		Stamps: append(kubernetesStamps("k8s.io/component-base/version", release.Version),
			kubernetesStamps("k8s.io/client-go/pkg/version", release.Version)...),
	}
	for _, name := range KubernetesPrograms {
		pin.Binaries = append(pin.Binaries, Binary{name + Suffix(release), "k8s.io/kubernetes/cmd/" + name})
	}
	return pin
}

// KubernetesPrograms are the commands of k8s.io/kubernetes that make a cluster.
var KubernetesPrograms = []string{
	"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "kubeadm", "kubectl",
}

// kubernetesStamps are the variables that hack/lib/version.sh of Kubernetes sets in a package.
func kubernetesStamps(pkg, version string) []string {
	part := strings.SplitN(version, ".", 3)
	return []string{
		pkg + ".gitVersion=v" + version,
		pkg + ".gitMajor=" + part[0],
		pkg + ".gitMinor=" + part[1],
		pkg + ".gitTreeState=clean",
	}
}

func etcdPin(release versions.Release) Pin {
	pin := Pin{
		Name: "etcd-" + release.Minor(), Version: "v" + release.Etcd, Cold: "1 min",
		Stamps: []string{"go.etcd.io/etcd/api/v3/version.GitSHA=v" + release.Etcd},
	}
	for _, b := range []Binary{
		{"etcd", "go.etcd.io/etcd/server/v3"}, {"etcdctl", "go.etcd.io/etcd/etcdctl/v3"}, {"etcdutl", "go.etcd.io/etcd/etcdutl/v3"},
	} {
		pin.Binaries = append(pin.Binaries, Binary{b.Name + Suffix(release), b.Package})
	}
	return pin
}

func corednsPin(release versions.Release) Pin {
	return Pin{
		Name: "coredns-" + release.Minor(), Main: "_coredns", Version: "v" + release.CoreDNS, Cold: "1 min",
		Binaries: []Binary{{"coredns" + Suffix(release), "."}},
		Stamps:   []string{"github.com/coredns/coredns/coremain.GitCommit=v" + release.CoreDNS},
	}
}
