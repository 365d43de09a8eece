package images

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/cluster/versions"
	"ecommerce-platform/tests/lab/toolchain"
)

func dockerfile(t *testing.T, i Image) string {
	t.Helper()
	dir := i.Dir
	if dir == "" {
		dir = i.Name
	}
	path, err := toolchain.Source("images", dir, "Dockerfile")
	require.NoError(t, err)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

func TestImages(t *testing.T) {
	releases := Releases(versions.All.Kubernetes.Releases...)
	all := slices.Concat([]Image{Newest.Machine(), Older.Machine(), Mirror, NextPostgres, CloudNativePG}, Served, releases)
	names, refs := map[string]bool{}, map[string]bool{}
	for _, i := range all {
		t.Run(i.Name, func(t *testing.T) {
			assert.False(t, names[i.Name], "name is taken")
			names[i.Name] = true
			text := dockerfile(t, i)
			assert.Equal(t, i.Scratch, strings.Contains(text, "FROM scratch"), "Scratch and FROM agree")
			copied := regexp.MustCompile(`(?m)^COPY bin/(\S*)`).FindAllStringSubmatch(text, -1)
			for _, c := range copied {
				assert.True(t, c[1] == "" || i.Tools[c[1]] != "", "bin/%s is not among the tools", c[1])
			}
			assert.Equal(t, len(i.Tools) > 0, len(copied) > 0, "tools are copied")
			for name := range i.Trees {
				assert.Contains(t, text, "COPY "+name+"/")
			}
		})
	}
	for _, i := range slices.Concat(Served, releases, []Image{CloudNativePG}) {
		repository := i.Ref[strings.Index(i.Ref, "/")+1:]
		// One registry serves them all under their paths.
		assert.False(t, refs[repository], "%s: taken in another registry", repository)
		refs[repository] = true
	}
}

// TestCalicoImagesAreTheManifests compares with the manifest that a cluster applies.
func TestCalicoImagesAreTheManifests(t *testing.T) {
	var ours []string
	for _, i := range Served {
		if strings.Contains(i.Ref, "/calico/") {
			ours = append(ours, i.Ref)
		}
	}
	module, err := toolchain.ModuleDir(t.Context(), "calico", toolchain.CalicoModule)
	require.NoError(t, err)
	manifest, err := os.ReadFile(filepath.Join(module, "manifests", "calico.yaml"))
	require.NoError(t, err)
	var theirs []string
	for _, line := range regexp.MustCompile(`(?m)^ *image: (\S+)$`).FindAllStringSubmatch(string(manifest), -1) {
		theirs = append(theirs, line[1])
	}
	slices.Sort(theirs)
	assert.ElementsMatch(t, slices.Compact(theirs), ours)
}

func TestParseDebian(t *testing.T) {
	for text, want := range map[string]Debian{"": Newest, "12": Older, "13": Newest} {
		got, err := ParseDebian(text)
		require.NoError(t, err)
		assert.Equal(t, want, got)
		assert.NotEmpty(t, got.Suite())
	}
	_, err := ParseDebian("11")
	assert.EqualError(t, err, `Debian "11": must be 12 or 13`)
}

func TestCopyTreeMakesFilesWritable(t *testing.T) {
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "copy")
	require.NoError(t, os.WriteFile(filepath.Join(from, "program"), []byte("x"), 0o555))
	require.NoError(t, os.Symlink("program", filepath.Join(from, "link")))
	require.NoError(t, copyTree(from, to))
	info, err := os.Stat(filepath.Join(to, "program"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o755), info.Mode().Perm())
	value, err := os.Readlink(filepath.Join(to, "link"))
	require.NoError(t, err)
	assert.Equal(t, "program", value)
}
