package toolchain

import "strings"

// Previous ends the names of pins and binaries of the Kubernetes minor before, which only upgrades need.
const Previous = "-previous"

// kubernetesPin builds the programs of one version of Kubernetes; suffix ends their names.
func kubernetesPin(suffix, version string) Pin {
	pin := Pin{
		Name: "kubernetes" + suffix, Version: "v" + version, Cold: "10 min",
		Stamps: append(kubernetesStamps("k8s.io/component-base/version", version), kubernetesStamps("k8s.io/client-go/pkg/version", version)...),
	}
	for _, name := range []string{
		"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "kubeadm", "kubectl",
	} {
		pin.Binaries = append(pin.Binaries, Binary{name + suffix, "k8s.io/kubernetes/cmd/" + name})
	}
	return pin
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

func etcdPin(suffix, version string) Pin {
	return Pin{
		Name: "etcd" + suffix, Version: "v" + version, Cold: "1 min",
		Binaries: []Binary{
			{"etcd" + suffix, "go.etcd.io/etcd/server/v3"},
			{"etcdctl" + suffix, "go.etcd.io/etcd/etcdctl/v3"},
			{"etcdutl" + suffix, "go.etcd.io/etcd/etcdutl/v3"},
		},
		Stamps: []string{"go.etcd.io/etcd/api/v3/version.GitSHA=v" + version},
	}
}

func corednsPin(suffix, version string) Pin {
	return Pin{
		Name: "coredns" + suffix, Version: "v" + version, Cold: "4 min",
		Binaries: []Binary{{"coredns" + suffix, "github.com/coredns/coredns"}},
		Stamps:   []string{"github.com/coredns/coredns/coremain.GitCommit=v" + version},
	}
}
