package toolchain

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"

	"ecommerce-platform/cluster/versions"
)

func TestPins(t *testing.T) {
	modules, err := Source("toolchain", "modules")
	require.NoError(t, err)
	entries, err := os.ReadDir(modules)
	require.NoError(t, err)

	t.Run("every module directory has a pin and every pin one", func(t *testing.T) {
		var directories, built []string
		for _, entry := range entries {
			if !strings.HasPrefix(entry.Name(), "_") {
				directories = append(directories, entry.Name())
			}
		}
		for _, pin := range Pins {
			built = append(built, pin.Name)
		}
		slices.Sort(built)
		assert.Equal(t, directories, slices.Compact(built))
	})

	t.Run("binary names are unique", func(t *testing.T) {
		seen := map[string]string{}
		for name := range Own {
			seen[name] = "the lab"
		}
		for _, pin := range Pins {
			for _, b := range pin.Binaries {
				assert.Empty(t, seen[b.Name], "%s of %s", b.Name, pin.Name)
				seen[b.Name] = pin.Name
			}
		}
	})

	for _, pin := range Pins {
		t.Run(pin.Name+" builds packages of a module that its go.mod pins", func(t *testing.T) {
			path := filepath.Join(modules, pin.Name, "go.mod")
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			parsed, err := modfile.Parse(path, text, nil)
			require.NoError(t, err)
			assert.FileExists(t, filepath.Join(modules, pin.Name, "go.sum"))
			for _, b := range pin.Binaries {
				assert.True(t, provided(parsed, b.Package), "%s: no requirement provides it", b.Package)
			}
			for _, f := range pin.Files {
				assert.True(t, provided(parsed, f.Module), "%s: not required", f.Module)
			}
		})
	}
}

func provided(mod *modfile.File, pkg string) bool {
	if pkg == "." {
		return true
	}
	for _, r := range mod.Require {
		if pkg == r.Mod.Path || strings.HasPrefix(pkg, r.Mod.Path+"/") {
			return true
		}
	}
	return false
}

// TestPinnedVersions keeps what binaries claim to be and what they are made of from drifting apart.
func TestPinnedVersions(t *testing.T) {
	type pinned struct{ pin, module, version string }
	all := []pinned{
		{"pulumi", "github.com/pulumi/pulumi/pkg/v3", PulumiVersion},
		{"containerd", containerdModule, versions.All.Containerd.Version},
		{"containerd-before", containerdModule, versions.All.Containerd.Before},
		{"plugins", "github.com/containernetworking/plugins", CNIPluginsVersion},
		{"node_exporter", "github.com/prometheus/node_exporter", versions.All.NodeExporter},
		{"metrics-server", metricsServerModule, versions.All.MetricsServer},
		{"victoria-metrics", victoriaMetricsModule, versions.All.VictoriaMetrics},
		{"victoria-logs", victoriaLogsModule, versions.All.VictoriaLogs},
		{"alertmanager", alertmanagerModule, versions.All.Alertmanager},
		{"kube-state-metrics", kubeStateMetricsModule, versions.All.KubeStateMetrics},
		{"cloudnative-pg", CloudNativePGModule, versions.All.CloudNativePG.Version},
		{"kube-score", "github.com/zegl/kube-score", KubeScoreVersion},
		{"kwok", "sigs.k8s.io/kwok", versionOf("kwok")},
		{"golangci-lint", "github.com/golangci/golangci-lint/v2", versionOf("golangci-lint")},
		{"image", "github.com/google/ko", versionOf("image")},
		{"shfmt", "mvdan.cc/sh/v3", versionOf("shfmt")},
		{"actionlint", "github.com/rhysd/actionlint", versionOf("actionlint")},
		{"govulncheck", "golang.org/x/vuln", versionOf("govulncheck")},
	}
	for _, r := range versions.All.Kubernetes.Releases {
		all = append(all,
			pinned{"kubernetes-" + r.Minor(), "k8s.io/kubernetes", r.Version},
			pinned{"etcd-" + r.Minor(), "go.etcd.io/etcd/server/v3", r.Etcd},
			pinned{"etcd-" + r.Minor(), "go.etcd.io/etcd/etcdctl/v3", r.Etcd},
			pinned{"etcd-" + r.Minor(), "go.etcd.io/etcd/etcdutl/v3", r.Etcd},
			pinned{"coredns-" + r.Minor(), "github.com/coredns/coredns", r.CoreDNS})
	}
	for _, c := range all {
		t.Run(c.pin+" is made of "+c.module, func(t *testing.T) {
			path, err := Source("toolchain", "modules", c.pin, "go.mod")
			require.NoError(t, err)
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			parsed, err := modfile.Parse(path, text, nil)
			require.NoError(t, err)
			got := ""
			for _, r := range parsed.Require {
				if r.Mod.Path == c.module {
					got = r.Mod.Version
				}
			}
			assert.Equal(t, "v"+strings.TrimPrefix(c.version, "v"), got)
		})
	}
}

func versionOf(name string) string {
	for _, pin := range Pins {
		if pin.Name == name {
			return pin.Version
		}
	}
	return ""
}

func TestBuiltName(t *testing.T) {
	for name, c := range map[string]struct{ pkg, want string }{
		"the last element of a path":            {"k8s.io/kubernetes/cmd/kubelet", "kubelet"},
		"a major version is not a name":         {"go.etcd.io/etcd/server/v3", "server"},
		"the main module's own is the module's": {".", "some"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, Binary{Package: c.pkg}.built(Pin{Name: "some"}))
		})
	}
}
