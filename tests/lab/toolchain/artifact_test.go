package toolchain

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPublished(t *testing.T) {
	var archive bytes.Buffer
	compressed := gzip.NewWriter(&archive)
	files := tar.NewWriter(compressed)
	for name, text := range map[string]string{"tools/one": "first", "tools/README": "read", "./tools/two": "second"} {
		require.NoError(t, files.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}))
		_, err := files.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, files.Close())
	require.NoError(t, compressed.Close())
	sum := sha256.Sum256(archive.Bytes())
	right := hex.EncodeToString(sum[:])

	contents := map[string]string{
		"/tools.tar.gz": archive.String(),
		"/all.txt":      "0000  other.tar.gz\n" + right + " *tools.tar.gz\n",
		"/alone.sha256": right + "\n",
		"/other.txt":    right + "  other.tar.gz\n",
	}
	servePublic(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := contents[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(text))
	}))
	artifact := func(sum, list string, members map[string]string) Artifact {
		return Artifact{Host: GitHub, Path: "/tools.tar.gz", SHA256: sum, Checksums: Checksums{GitHub, list}, Members: members}
	}
	both := map[string]string{"one": "tools/one", "two": "tools/two"}
	for name, test := range map[string]struct {
		artifact Artifact
		refused  string
	}{
		"pinned":                 {artifact: artifact(right, "", both)},
		"in the project's list":  {artifact: artifact("", "/all.txt", both)},
		"in a list of its own":   {artifact: artifact("", "/alone.sha256", both)},
		"another file":           {artifact(right[1:]+"0", "", both), "tool one: github.com/tools.tar.gz: SHA-256 " + right},
		"not in the list":        {artifact("", "/other.txt", both), "github.com/other.txt: no checksum of tools.tar.gz"},
		"no list":                {artifact("", "/none.txt", both), "404 Not Found"},
		"a member is not there":  {artifact(right, "", map[string]string{"three": "tools/three"}), `has no member`},
		"the file is not there":  {Artifact{Host: GitHub, Path: "/none", SHA256: right}, "404 Not Found"},
		"the host has a bad URL": {Artifact{Host: "example.invalid", Path: "/none", SHA256: right}, "example.invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("XDG_CACHE_HOME", t.TempDir())
			one, err := published(t.Context(), "one", test.artifact)
			if test.refused != "" {
				require.ErrorContains(t, err, test.refused)
				return
			}
			require.NoError(t, err)
			two, err := published(t.Context(), "two", test.artifact)
			require.NoError(t, err)
			for path, want := range map[string]string{one: "first", two: "second"} {
				text, err := os.ReadFile(path)
				require.NoError(t, err)
				assert.Equal(t, want, string(text))
				info, err := os.Stat(path)
				require.NoError(t, err)
				assert.Equal(t, os.FileMode(0o755), info.Mode().Perm())
			}
		})
	}
}

func TestDownloadEndsWhenTheServerFallsSilent(t *testing.T) {
	servePublic(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("begun"))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	before := downloads.Timeout
	t.Cleanup(func() { downloads.Timeout = before })
	require.Positive(t, before)
	downloads.Timeout = 100 * time.Millisecond
	_, err := Download(t.Context(), GitHub, "/tools.tar.gz")
	require.ErrorContains(t, err, "Client.Timeout")
}
