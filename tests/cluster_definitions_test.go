package tests

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"ecommerce-platform/cluster"
	"ecommerce-platform/cluster/versions"
	"ecommerce-platform/tests/pulumitest"
)

// clusterReplicated is a cluster for replicated databases.
func clusterReplicated() *cluster.Args {
	args := clusterArgs()
	args.CloudNativePGVersion, args.CloudNativePGManifestSHA256 = versions.All.CloudNativePG.Version, versions.All.CloudNativePG.ManifestSHA256
	return args
}

func TestClusterDefinesCloudNativePGsTypes(t *testing.T) {
	const version = "shop-control-plane-definitions"
	args := clusterReplicated()
	rec := clusterRun(t, args)
	step := func(name string) *pulumitest.Resource { return rec.Get(t, clusterCommand, "shop-control-plane-"+name) }
	definitions := step("definitions")
	v := versions.All.CloudNativePG
	assert.Equal(t, "sudo timeout --kill-after=10 1200 env VERSION='"+v.Version+"' MANIFEST_URL='https://raw.githubusercontent.com/cloudnative-pg/cloudnative-pg/v"+
		v.Version+"/releases/cnpg-"+v.Version+".yaml' MANIFEST_SHA256='"+v.ManifestSHA256+"' DIGEST /opt/platform/bin/definitions.sh", clusterLine(definitions))
	assert.True(t, rec.WaitsFor(definitions, step("init")))
	assert.False(t, rec.WaitsFor(definitions, step("calico")), "the types need the API server alone")
	assert.True(t, rec.WaitsFor(step("ready"), definitions), "who has the kubeconfig finds the types")
	assert.False(t, definitions.Has("delete"), "with a type go all of its objects, and the databases' data with them")

	t.Run("without, a cluster is as before", func(t *testing.T) {
		assert.Nil(t, clusterRun(t, clusterArgs()).Find(clusterCommand, version))
	})
	t.Run("a mirror has the manifest", func(t *testing.T) {
		args := clusterReplicated()
		args.Mirrors.Manifests = "http://172.31.0.2/manifests"
		assert.Contains(t, clusterLine(clusterRun(t, args).Get(t, clusterCommand, version)),
			"MANIFEST_URL='http://172.31.0.2/manifests/cloudnative-pg/v"+v.Version+"/cnpg-"+v.Version+".yaml'")
	})
	t.Run("a mirror has the image", func(t *testing.T) {
		args := clusterReplicated()
		args.Mirrors.Images = "http://172.31.0.2:5000"
		assert.Contains(t, clusterLine(clusterRun(t, args).Get(t, clusterCommand, "shop-worker-node-1-prepare")),
			"REGISTRIES='docker.io quay.io registry.k8s.io ghcr.io'")
	})
	t.Run("nodes pull it from its own registry without", func(t *testing.T) {
		described := func(args *cluster.Args) []string {
			return urls(clusterRun(t, args).All(cluster.Type)[0].Output("sources"))
		}
		assert.Contains(t, described(clusterReplicated()), "https://ghcr.io")
		assert.NotContains(t, described(clusterArgs()), "https://ghcr.io")
	})
}

func TestClusterNoticesSilentNodes(t *testing.T) {
	configuration := func(args *cluster.Args) string {
		return clusterUpload(t, clusterRun(t, args).Get(t, clusterCommand, "shop-control-plane-files"))["etc/kubeadm.yaml"]
	}
	args := clusterArgs()
	usual := configuration(args)
	assert.NotContains(t, usual, "node-monitor-grace-period", "it is Kubernetes' own")
	assert.NotContains(t, usual, "nodeStatusUpdateFrequency")
	args.NodeMonitorGracePeriod = 16 * time.Second
	pulumitest.Golden(t, "cluster/silence.yaml", configuration(args))
}
