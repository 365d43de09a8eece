package shopimage

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// read decodes a blob of a layout.
func read(t *testing.T, layout, digest string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(layout, "blobs", "sha256", strings.TrimPrefix(digest, "sha256:")))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, into))
}

// plainDir has a name that ko takes for a repository's.
func plainDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "shop-image-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func TestImage(t *testing.T) {
	image, err := Build(t.Context())
	require.NoError(t, err)

	t.Run("the same source has the same digest", func(t *testing.T) {
		source, builder, err := inputs(t.Context())
		require.NoError(t, err)
		again, err := run(t.Context(), builder, "-source", source, "-layout", filepath.Join(plainDir(t), "layout"))
		require.NoError(t, err)
		assert.Equal(t, image.Digest, again)
	})
	t.Run("it is for both architectures and runs as nobody", func(t *testing.T) {
		var index struct {
			Manifests []struct {
				Digest   string
				Platform struct{ OS, Architecture string }
			}
		}
		read(t, image.Layout, image.Digest, &index)
		var architectures []string
		for _, m := range index.Manifests {
			var manifest struct{ Config struct{ Digest string } }
			read(t, image.Layout, m.Digest, &manifest)
			var config struct {
				OS, Architecture string
				Config           struct{ User string }
			}
			read(t, image.Layout, manifest.Config.Digest, &config)
			assert.Equal(t, m.Platform.Architecture, config.Architecture)
			assert.Equal(t, "linux", config.OS)
			assert.Equal(t, "65532:65532", config.Config.User)
			architectures = append(architectures, config.Architecture)
		}
		assert.Equal(t, []string{"amd64", "arm64"}, architectures)
	})
	t.Run("it says what it is made of", func(t *testing.T) {
		text, err := os.ReadFile(image.SBOM)
		require.NoError(t, err)
		assert.Contains(t, string(text), `"spdxVersion": "SPDX-2.3"`)
		assert.Contains(t, string(text), image.Digest)
		for _, module := range []string{"ecommerce-platform/workloads/shop", "github.com/jackc/pgx/v5", "github.com/redis/go-redis/v9", "std"} {
			assert.Contains(t, string(text), `"`+module+`"`)
		}
	})
	t.Run("an archive holds the layout", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "bin", "shop.tar")
		require.NoError(t, image.Archive(path))
		file, err := os.Open(path)
		require.NoError(t, err)
		defer func() { _ = file.Close() }()
		names := map[string]bool{}
		for archive := tar.NewReader(file); ; {
			header, err := archive.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			names[header.Name] = true
		}
		assert.True(t, names["oci-layout"] && names["index.json"], "%v", names)
		assert.FileExists(t, filepath.Join(filepath.Dir(path), "shop.spdx.json"))
	})
}

func TestADigestIsReadOrTheLayoutIsRefused(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "index.json"), []byte(`{"manifests":[]}`), 0o600))
	_, err := indexDigest(dir)
	require.ErrorContains(t, err, "0 images")
}
