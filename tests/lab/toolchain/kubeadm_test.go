package toolchain

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/cluster/versions"
)

// TestTableIsKubeadms compares the table with the constants in kubeadm's own source.
func TestTableIsKubeadms(t *testing.T) {
	for _, release := range versions.All.Kubernetes.Releases {
		t.Run(release.Version, func(t *testing.T) {
			tree, err := ModuleDir(t.Context(), "kubernetes-"+release.Minor(), "k8s.io/kubernetes")
			require.NoError(t, err)
			theirs, err := Kubeadm(tree, release.Version)
			require.NoError(t, err)
			theirs.Ends = release.Ends
			assert.Equal(t, theirs, release, "make bump KUBERNETES=%s writes what kubeadm says", release.Version)
		})
	}
}

func TestKubeadmWithoutConstants(t *testing.T) {
	_, err := Kubeadm(t.TempDir(), "1.2.3")
	assert.ErrorContains(t, err, "kubeadm's constants: open ")
}
