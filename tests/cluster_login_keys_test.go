package tests

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/cluster"
)

func TestClusterAuthorizesLoginKeys(t *testing.T) {
	keys, err := cluster.DeriveKeys(clusterSeed, []string{"", "2026-12-01"}, nil)
	require.NoError(t, err)
	both := func() *cluster.Args {
		args := clusterArgs()
		args.AuthorizedKeys = keys.Authorized()
		return args
	}
	rec := clusterRun(t, both())
	for _, node := range []string{"control-plane", "worker-node-1", "worker-node-2"} {
		step := rec.Get(t, clusterCommand, "shop-"+node+"-login-keys")
		assert.Equal(t, "sudo timeout --kill-after=10 120 env LOGIN_USER='admin' LOGIN_KEYS='"+strings.Join(keys.Authorized(), "\n")+"' DIGEST /opt/platform/bin/login-keys.sh",
			clusterLine(step))
		assert.True(t, rec.WaitsFor(step, rec.Get(t, clusterCommand, "shop-"+node+"-prepare")), "cloud-init writes the same file")
		assert.False(t, step.Has("delete"), "nobody is locked out by a destroy")
	}
	t.Run("one more key is one step on each node, and nothing else", func(t *testing.T) {
		assert.ElementsMatch(t, []string{"shop-control-plane-login-keys", "shop-worker-node-1-login-keys", "shop-worker-node-2-login-keys"},
			clusterDiffers(t, clusterArgs(), both()))
	})
}
