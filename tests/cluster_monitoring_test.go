package tests

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"ecommerce-platform/cluster"
)

func TestClusterIsMeasured(t *testing.T) {
	const felix, name = "kubernetes:crd.projectcalico.org/v1:FelixConfigurationPatch", "shop-felix"
	off := clusterRun(t, clusterArgs())
	assert.Empty(t, off.All(felix), "where nobody asks")

	args := clusterArgs()
	args.Monitoring = true
	rec := clusterRun(t, args)
	t.Run("Calico tells what it does, once it has made the object", func(t *testing.T) {
		patch := rec.Get(t, felix, name)
		assert.Equal(t, "default", patch.Input("metadata.name"))
		assert.Equal(t, map[string]any{"prometheusMetricsEnabled": true}, patch.Input("spec"), "the rest stays Calico's own")
		assert.True(t, rec.WaitsFor(patch, rec.Get(t, clusterCommand, "shop-control-plane-ready")))
	})
	t.Run("etcd tells workers what it does, and the kubelet asks it where it did", func(t *testing.T) {
		kubeadm := clusterUpload(t, rec.Get(t, clusterCommand, "shop-control-plane-files"))["etc/kubeadm.yaml"]
		assert.Contains(t, kubeadm, "etcd:\n  local:\n    extraArgs:\n    - name: listen-metrics-urls\n      value: http://127.0.0.1:2381,http://172.31.15.119:2381\n")
		assert.NotContains(t, clusterUpload(t, off.Get(t, clusterCommand, "shop-control-plane-files"))["etc/kubeadm.yaml"], "listen-metrics-urls")
	})
	t.Run("the control plane's agent tells of backups, where there are any", func(t *testing.T) {
		const flag = "--collector.textfile.directory=/host/var/lib/prometheus/node-exporter\n"
		for _, args := range []*cluster.Args{clusterArgs(), clusterBackedUp()} {
			for i := range args.Nodes {
				args.Nodes[i].Monitoring = true
			}
			rec := clusterRun(t, args)
			pod := clusterUpload(t, rec.Get(t, clusterCommand, "shop-control-plane-files"))["etc/node-exporter.yaml"]
			assert.Equal(t, args.Backup.Destination != "", strings.Contains(pod, flag))
			worker := clusterUpload(t, rec.Get(t, clusterCommand, "shop-worker-node-1-files"))["etc/node-exporter.yaml"]
			assert.NotContains(t, worker, flag)
		}
	})
	t.Run("turned on, the control plane takes its settings as any other ones", func(t *testing.T) {
		assert.Equal(t, clusterChanged(t, func(args *cluster.Args) { args.AuditLog.MaxBackup = 7 }),
			clusterChanged(t, func(args *cluster.Args) { args.Monitoring = true }))
	})
}
