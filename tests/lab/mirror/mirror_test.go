package mirror

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/cluster/versions"
)

func TestAddressIsWhereAWSHasItsResolver(t *testing.T) {
	for subnet, want := range map[string]string{"172.31.0.0/20": "172.31.0.2", "172.31.16.0/20": "172.31.16.2", "10.0.0.9/24": "10.0.0.2"} {
		got, err := Address(subnet)
		require.NoError(t, err)
		assert.Equal(t, want, got.String())
	}
	_, err := Address("subnet")
	assert.EqualError(t, err, `subnet "subnet": not an IPv4 CIDR block`)
}

func TestSettings(t *testing.T) {
	assert.Equal(t, map[string]string{
		"packages":    "http://172.31.0.2/apt",
		"packagesKey": "key",
		"images":      "http://172.31.0.2:5000",
		"manifests":   "http://172.31.0.2/manifests",
	}, settings(netip.MustParseAddr("172.31.0.2"), "key"))
}

func TestSplit(t *testing.T) {
	for ref, want := range map[string][2]string{
		"docker.io/library/nginx:alpine":         {"library/nginx", "alpine"},
		"registry.k8s.io/coredns/coredns:v1.2.3": {"coredns/coredns", "v1.2.3"},
		"registry.k8s.io/pause:3.10.1":           {"pause", "3.10.1"},
	} {
		repository, tag := split(ref)
		assert.Equal(t, want, [2]string{repository, tag})
	}
}

func TestControl(t *testing.T) {
	p := debianPackage{Name: "kubelet", Version: "1.2.3-1.1", Depends: "mount", Description: "agent"}
	assert.Equal(t, `Package: kubelet
Version: 1.2.3-1.1
Architecture: amd64
Maintainer: ecommerce-platform lab <lab@localhost>
Installed-Size: 7
Section: admin
Priority: optional
Depends: mount
Description: agent
`, p.control("amd64", 7))
	p.Replaces = "agent"
	assert.Contains(t, p.control("amd64", 7), "Conflicts: agent\nReplaces: agent\nProvides: agent\n")
	p.Depends = ""
	assert.NotContains(t, p.control("amd64", 7), "Depends")
}

func TestLay(t *testing.T) {
	dir, tools := t.TempDir(), map[string]string{}
	program := filepath.Join(t.TempDir(), "program")
	require.NoError(t, os.WriteFile(program, make([]byte, 2048), 0o755))
	for _, p := range append(packages(versions.All.Kubernetes.Releases[0]), runtimePackages(false)...) {
		for _, tool := range p.Tools {
			tools[tool] = program
		}
		require.NoError(t, p.lay(filepath.Join(dir, p.Name), "amd64", tools))
	}
	for _, path := range []string{
		"kubelet/usr/bin/kubelet", "kubelet/usr/lib/systemd/system/kubelet.service", "kubelet/DEBIAN/control",
		"kubeadm/usr/bin/kubeadm", "kubeadm/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf",
		"kubectl/usr/bin/kubectl", "containerd.io/usr/bin/containerd-shim-runc-v2", "cri-tools/usr/bin/crictl", "kubernetes-cni/opt/cni/bin/loopback",
	} {
		assert.FileExists(t, filepath.Join(dir, path))
	}
	script, err := os.Stat(filepath.Join(dir, "containerd.io/DEBIAN/postinst"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o755), script.Mode().Perm(), "dpkg runs it")
	assert.DirExists(t, filepath.Join(dir, "kubelet/etc/kubernetes/manifests"))
	control, err := os.ReadFile(filepath.Join(dir, "kubelet/DEBIAN/control"))
	require.NoError(t, err)
	assert.Contains(t, string(control), "Installed-Size: 2\n")
}

// TestDropInKeepsKubeadmsVariables guards the contract between the unit, kubeadm and the administrator.
func TestDropInKeepsKubeadmsVariables(t *testing.T) {
	text, err := units.ReadFile("units/10-kubeadm.conf")
	require.NoError(t, err)
	for _, want := range []string{
		"EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env", "EnvironmentFile=-/etc/default/kubelet",
		"--config=/var/lib/kubelet/config.yaml", "--kubeconfig=/etc/kubernetes/kubelet.conf",
		"$KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS",
	} {
		assert.Contains(t, string(text), want)
	}
}

func TestReleases(t *testing.T) {
	assert.Equal(t, "v1.35", repository(versions.Release{Version: "1.35.90"}))
	releases, err := Minors(nil).releases()
	require.NoError(t, err)
	assert.Equal(t, []versions.Release{versions.All.Kubernetes.New()}, releases)
	_, err = Minors{"1.9"}.releases()
	assert.EqualError(t, err, `mirror: Kubernetes "1.9": not in the table of versions`)
}

func TestRuntimesOfBefore(t *testing.T) {
	told := func(before bool) (all []string) {
		for _, p := range runtimePackages(before) {
			all = append(all, p.Version+" "+p.Tools["containerd"])
		}
		return all
	}
	now := versions.All.Containerd
	assert.Equal(t, []string{now.Version + "-1 containerd"}, told(false))
	assert.Equal(t, []string{now.Version + "-1 containerd", now.Before + "-1 containerd-before"}, told(true))
	assert.NotContains(t, debianPackages(false), "containerd")
	assert.Contains(t, debianPackages(true), "containerd")
}

func TestOfficialConfiguration(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("LAB_UPSTREAMS", "quay.io=http://proxy.example.com:8081/quay")
	upstreams, err := publicUpstreams()
	require.NoError(t, err)
	require.NoError(t, upstreams.configure(dir))
	for file, wants := range map[string][]string{
		"nginx/registries.conf": {
			"    docker.io 127.0.0.1:5002;\n    quay.io 127.0.0.1:5003;\n    registry.k8s.io 127.0.0.1:5004;\n    ghcr.io 127.0.0.1:5005;\n", "location /v2/ecommerce-platform/ {",
		},
		"registries/docker.io.yml": {"rootdirectory: /srv/pulled/docker.io\n", "addr: 127.0.0.1:5002\n", "remoteurl: https://registry-1.docker.io\n"},
		"registries/quay.io.yml":   {"remoteurl: http://proxy.example.com:8081/quay\n"},
		"server/packages.conf": {
			"location /apt/docker/ {\n    proxy_pass https://download.docker.com/linux/debian/;\n", "proxy_pass https://pkgs.k8s.io/core:/stable:/;\n",
			"location /apt/debian/ {\n    proxy_pass http://deb.debian.org/debian/;\n",
		},
	} {
		text, err := os.ReadFile(filepath.Join(dir, file))
		require.NoError(t, err)
		for _, want := range wants {
			assert.Contains(t, string(text), want, file)
		}
	}
}
