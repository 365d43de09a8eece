package toolchain

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// servePublic makes all public hosts one server.
func servePublic(t *testing.T, handler http.Handler) {
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	var all []string
	for _, u := range upstreams {
		all = append(all, u.host+"="+server.URL)
	}
	t.Setenv(upstreamsVariable, strings.Join(all, " "))
}

// choose is what ChooseSources decides and says.
func choose(t *testing.T) (Sources, string, error) {
	var said bytes.Buffer
	before := Progress
	Progress = &said
	defer func() { Progress = before }()
	defer UseSources(Modules)
	err := ChooseSources(t.Context())
	return Current(), said.String(), err
}

func TestChooseSources(t *testing.T) {
	everything := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == registryProbe {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	t.Run("all answer", func(t *testing.T) {
		t.Setenv("XDG_CACHE_HOME", t.TempDir())
		servePublic(t, everything)
		chosen, said, err := choose(t)
		require.NoError(t, err)
		assert.Equal(t, Official, chosen)
		assert.Equal(t, "sources: official (every public source answers)\n", said)

		servePublic(t, http.NotFoundHandler())
		chosen, said, err = choose(t)
		require.NoError(t, err)
		assert.Equal(t, Official, chosen, "the choice is made once")
		assert.Contains(t, said, "LAB_SOURCES forces the other")
	})
	for name, handler := range map[string]http.Handler{
		"a proxy's page for everything": http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}),
		"a proxy that forbids":          http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }),
		"all but one": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == Artifacts["kubectl"].Path {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			everything(w, r)
		}),
	} {
		t.Run(name, func(t *testing.T) {
			cache := t.TempDir()
			t.Setenv("XDG_CACHE_HOME", cache)
			servePublic(t, handler)
			chosen, said, err := choose(t)
			require.NoError(t, err)
			assert.Equal(t, Modules, chosen)
			assert.Regexp(t, `^sources: modules \([a-z0-9.-]+ answers [0-9]{3} .*\)\n$`, said)
			kept, err := os.ReadFile(filepath.Join(cache, "ecommerce-platform", "sources"))
			require.NoError(t, err)
			assert.Equal(t, "modules\n", string(kept))
		})
	}
	t.Run("forced", func(t *testing.T) {
		t.Setenv("XDG_CACHE_HOME", t.TempDir())
		servePublic(t, http.NotFoundHandler())
		t.Setenv(sourcesVariable, "official")
		chosen, _, err := choose(t)
		require.NoError(t, err)
		assert.Equal(t, Official, chosen)
		t.Setenv(sourcesVariable, "internet")
		_, _, err = choose(t)
		require.EqualError(t, err, `LAB_SOURCES "internet": must be official or modules`)
	})
	t.Run("what is remembered is no choice", func(t *testing.T) {
		cache := t.TempDir()
		t.Setenv("XDG_CACHE_HOME", cache)
		file := filepath.Join(cache, "ecommerce-platform", "sources")
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte("half\n"), 0o644))
		_, _, err := choose(t)
		require.EqualError(t, err, file+` "half": must be official or modules`)
	})
	t.Run("wrong upstreams", func(t *testing.T) {
		t.Setenv(upstreamsVariable, "quay.io")
		_, err := Upstream("quay.io")
		require.EqualError(t, err, `LAB_UPSTREAMS "quay.io": must be host=URL`)
	})
}
