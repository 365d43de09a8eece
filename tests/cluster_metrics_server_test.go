package tests

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"ecommerce-platform/cluster"
)

func TestClusterCertifiesMetricsServer(t *testing.T) {
	const step = "shop-control-plane-metrics-server"
	assert.NotContains(t, clusterRun(t, clusterArgs()).Names(clusterCommand), step, "where it does not run")

	args := clusterArgs()
	args.MetricsServer, args.CertificateRenewal = true, "2027"
	rec := clusterRun(t, args)
	made := rec.Get(t, clusterCommand, step)
	assert.Contains(t, made.InputString("create"), "ACTION='install' RENEWAL='2027'")
	assert.Contains(t, made.InputString("delete"), "ACTION='remove'")
	assert.True(t, rec.WaitsFor(rec.Get(t, clusterCommand, "shop-control-plane-ready"), made), "whoever depends on the kubeconfig finds it")
	assert.False(t, made.Has("stdin"))

	t.Run("turned on, it is all that changes but for the list of certificates and who waits", func(t *testing.T) {
		assert.ElementsMatch(t, []string{step, "shop-control-plane-certificates"},
			clusterChanged(t, func(args *cluster.Args) { args.MetricsServer = true }))
	})
}
