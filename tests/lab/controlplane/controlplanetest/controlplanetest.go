// Package controlplanetest runs a real Kubernetes control plane for a test.
package controlplanetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/controlplane"
)

// Cluster is a control plane that ends with the test, and whose errors end the test.
type Cluster struct {
	*controlplane.Cluster
	t *testing.T
}

// Start runs a cluster with these nodes, all of whose pods become ready.
func Start(t *testing.T, nodes ...string) *Cluster {
	t.Helper()
	c, err := controlplane.Run(t.Context(), t.TempDir(), nodes...)
	require.NoError(t, err)
	return guard(t, c)
}

// StartWithoutKubelets runs a cluster whose nodes are objects that the test writes.
func StartWithoutKubelets(t *testing.T) *Cluster {
	t.Helper()
	c, err := controlplane.RunWithoutKubelets(t.Context(), t.TempDir())
	require.NoError(t, err)
	return guard(t, c)
}

// guard ends the cluster with the test, and shows the end of its logs if the test fails.
func guard(t *testing.T, c *controlplane.Cluster) *Cluster {
	t.Cleanup(func() {
		require.NoError(t, c.Stop())
		if !t.Failed() {
			return
		}
		for _, name := range c.Logs() {
			t.Logf("the last lines of %s:\n%s", name, c.Log(name))
		}
	})
	return &Cluster{c, t}
}

// Die ends the API server.
func (c *Cluster) Die() {
	c.t.Helper()
	require.NoError(c.t, c.Silence())
}

// Rise starts it again, under the same address and with all that it had.
func (c *Cluster) Rise() {
	c.t.Helper()
	require.NoError(c.t, c.Serve(c.t.Context()))
}

// Kubectl runs kubectl as the administrator.
func (c *Cluster) Kubectl(stdin string, args ...string) string {
	c.t.Helper()
	out, err := c.Cluster.Kubectl(c.t.Context(), stdin, args...)
	require.NoError(c.t, err)
	return out
}

// AddNode registers a node as a kubelet would and waits until it is ready.
func (c *Cluster) AddNode(name string) {
	c.t.Helper()
	require.NoError(c.t, c.Cluster.AddNode(c.t.Context(), name))
}
