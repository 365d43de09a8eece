package tests

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"ecommerce-platform/cluster"
	"ecommerce-platform/cluster/versions"
	"ecommerce-platform/tests/pulumitest"
)

func TestClusterSecrets(t *testing.T) {
	rec := clusterRun(t, clusterArgs())
	assert.Empty(t, rec.FindPlain(strings.Split(clusterKeys().Logins[0].Private, "\n")[3]), "the login key is in plain sight")
	assert.Empty(t, rec.FindPlain(clusterAdminKey), "the kubeconfig is in plain sight")
	assert.True(t, rec.IsSecretExport("kubeconfig"))
	assert.Equal(t, "kubeconfig with "+clusterAdminKey, rec.Export("kubeconfig"))

	kubeconfig := rec.Get(t, clusterCommand, "shop-control-plane-kubeconfig")
	assert.Equal(t, "none", kubeconfig.Input("logging"))
	assert.Subset(t, kubeconfig.AdditionalSecretOutputs, []string{"stdout", "stderr"})
	for _, r := range rec.All(clusterCommand) {
		for _, input := range []string{"create", "delete", "stdin"} {
			assert.False(t, r.IsSecret(input), "%s of %s must not need to be secret", input, r.Name)
		}
	}
}

// A script that is not there is missed when the one runs that needs it: by a timer, or on a bad day.
func TestClusterScriptsComeWithWhatTheySource(t *testing.T) {
	rec := clusterRun(t, clusterArgs())
	sourced := regexp.MustCompile(`(?m)^source "\$\{BASH_SOURCE\[0\]%/\*\}/([a-z-]+\.sh)"$`)
	for _, node := range []string{"control-plane", "worker-node-1"} {
		files, seen := clusterUpload(t, rec.Get(t, clusterCommand, "shop-"+node+"-files")), 0
		for name, content := range files {
			for _, match := range sourced.FindAllStringSubmatch(content, -1) {
				seen++
				assert.Contains(t, files, "bin/"+match[1], "%s on %s", name, node)
			}
		}
		assert.Greater(t, seen, 10, node)
	}
}

func TestClusterFiles(t *testing.T) {
	args := clusterArgs()
	args.Kubelet = map[string]any{"maxPods": 60, "evictionHard": map[string]any{"nodefs.available": "0%"}}
	args.IgnorePreflightErrors = []string{"SystemVerification"}
	args.Containerd.RestrictOomScoreAdj = true
	args.Mirrors = cluster.Mirrors{
		Packages: "http://172.31.0.2/apt", PackagesKey: "-----BEGIN PGP PUBLIC KEY BLOCK-----\n",
		Images: "http://172.31.0.2:5000", Manifests: "http://172.31.0.2/manifests",
	}
	rec := clusterRun(t, args)

	control := clusterUpload(t, rec.Get(t, clusterCommand, "shop-control-plane-files"))
	worker := clusterUpload(t, rec.Get(t, clusterCommand, "shop-worker-node-1-files"))
	pulumitest.Golden(t, "cluster/init.yaml", control["etc/kubeadm.yaml"])
	pulumitest.Golden(t, "cluster/dns.yaml", control["etc/patches/corednsdeployment.yaml"])
	pulumitest.Golden(t, "cluster/kustomization.yaml", control["etc/kustomization.yaml"])
	pulumitest.Golden(t, "cluster/containerd.toml", control["etc/containerd.toml"])
	pulumitest.Golden(t, "cluster/hosts.toml", control["etc/hosts.toml"])
	pulumitest.Golden(t, "cluster/join.yaml", worker["etc/kubeadm.yaml"])
	pulumitest.Golden(t, "cluster/node-exporter.yaml", worker["etc/node-exporter.yaml"])
	assert.Equal(t, args.Mirrors.PackagesKey, worker["etc/packages.asc"])
	for name := range worker {
		assert.NotContains(t, []string{"bin/init.sh", "bin/admit.sh", "bin/kubeconfig.sh"}, name, "a worker has no use for it")
	}

	line := clusterLine(rec.Get(t, clusterCommand, "shop-worker-node-1-prepare"))
	assert.Contains(t, line, "PACKAGES='http://172.31.0.2/apt'")
	assert.Contains(t, line, "REGISTRIES='docker.io quay.io registry.k8s.io'")
	assert.Contains(t, clusterLine(rec.Get(t, clusterCommand, "shop-control-plane-calico")), "MANIFEST_URL='http://172.31.0.2/manifests/calico/v"+versions.All.Calico.Version+"/calico.yaml'")

	args.Kubelet["failSwapOn"] = false
	line = clusterLine(clusterRun(t, args).Get(t, clusterCommand, "shop-worker-node-1-prepare"))
	assert.Contains(t, line, "SWAP='keep'", "a kubelet that lives with swap keeps it")
}
