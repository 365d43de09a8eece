package tests

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/cluster"
	"ecommerce-platform/tests/pulumitest"
)

func TestClusterCertificates(t *testing.T) {
	rec := clusterRun(t, clusterArgs())
	step := func(name string) *pulumitest.Resource { return rec.Get(t, clusterCommand, "shop-"+name) }

	t.Run("every node tells when its own expire", func(t *testing.T) {
		var want []any
		for _, node := range []string{"control-plane", "worker-node-1", "worker-node-2"} {
			want = append(want, map[string]any{
				"node": node, "name": "/etc/kubernetes/pki/shop-" + node + "-certificates.crt", "expires": "2027-11-23T05:00:00Z",
			})
		}
		assert.Equal(t, want, rec.All(cluster.Type)[0].Output("certificates"))
	})
	t.Run("nothing waits for the list", func(t *testing.T) {
		for _, r := range rec.All() {
			assert.False(t, rec.WaitsFor(r, step("control-plane-certificates")), r.Name)
		}
		assert.True(t, rec.WaitsFor(step("worker-node-1-certificates"), step("control-plane-ready")))
	})
	t.Run("a cluster that never renewed has no such setting", func(t *testing.T) {
		for _, r := range rec.All(clusterCommand) {
			assert.NotContains(t, r.InputString("create"), "RENEWAL", r.Name)
		}
	})
	t.Run("another text renews on every node, and the kubeconfig is read again", func(t *testing.T) {
		renew := func(args *cluster.Args) { args.CertificateRenewal = "2027-10" }
		changed := clusterChanged(t, renew)
		for _, name := range []string{
			"control-plane-init", "control-plane-kubeconfig", "control-plane-certificates", "control-plane-admit-worker-node-2",
			"worker-node-1-join", "worker-node-2-join", "worker-node-1-certificates",
		} {
			assert.Contains(t, changed, "shop-"+name)
		}
		for _, name := range changed {
			assert.False(t, strings.HasSuffix(name, "-prepare") || strings.HasSuffix(name, "-files"), name)
		}
		args := clusterArgs()
		renew(args)
		after := clusterRun(t, args)
		assert.Contains(t, after.Get(t, clusterCommand, "shop-control-plane-init").InputString("create"), "RENEWAL='2027-10'")
		assert.Contains(t, after.Get(t, clusterCommand, "shop-worker-node-1-join").InputString("create"), "RENEWAL='2027-10'")
	})
	t.Run("a list that cannot be read is an error", func(t *testing.T) {
		_, err := pulumitest.RunErr(t, clusterProgram(clusterArgs()), pulumitest.Outputs(clusterCommand, func(r *pulumitest.Resource) map[string]any {
			if strings.HasSuffix(r.Name, "-certificates") {
				return map[string]any{"stdout": "gibberish"}
			}
			return nil
		}))
		require.ErrorContains(t, err, `certificates of node control-plane: "gibberish" is not a time and a file`)
	})
}
