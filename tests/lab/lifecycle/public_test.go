//go:build lab && lifecycle

package lifecycle

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/toolchain"
)

// publicHosts are the names under which a public server is asked.
var publicHosts = []string{
	toolchain.DockerHub, toolchain.Quay, toolchain.KubernetesRegistry, toolchain.GitHubRegistry, toolchain.KubernetesPackages, toolchain.KubernetesReleases,
	toolchain.DockerPackages, toolchain.DebianPackages, toolchain.PulumiReleases, toolchain.GitHub, toolchain.GitHubFiles,
}

// The published provider has its schema in it, ours beside it.
const kubernetesProvider, schemaFile = "pulumi-resource-kubernetes", "schema.json"

// public stands for all public sources: registries that want a token, package repositories that redirect, and directories of
// releases. It serves what a mirror of the lab has, and the lab's tools packed as their projects pack them.
type public struct {
	url    string
	server *http.Server
	mu     sync.Mutex
	asked  []string
}

// startPublic serves at an address of this machine, which containers reach.
func startPublic(t *testing.T, address, packages, registry string) *public {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", net.JoinHostPort(address, "0"))
	require.NoError(t, err)
	p := &public{url: "http://" + listener.Addr().String()}
	routes := http.NewServeMux()
	routes.Handle("/", http.FileServer(http.Dir(packPublic(t))))
	routes.HandleFunc("/token", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"token":"anybody"}`) })
	routes.Handle("/v2/", p.authorized(forward(t, "", registry)))
	// pkgs.k8s.io redirects to a content delivery network.
	routes.HandleFunc("/core:/", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, p.url+"/cdn"+r.URL.Path, http.StatusFound)
	})
	routes.Handle("/cdn/", forward(t, "/cdn/core:/stable:", packages+"/apt/kubernetes"))
	routes.Handle("/linux/", forward(t, "/linux/debian", packages+"/apt/docker"))
	routes.Handle("/linux/debian/gpg", forward(t, "/linux/debian/gpg", packages+"/key.asc"))
	routes.HandleFunc("/projectcalico/calico/{version}/manifests/{file}", func(w http.ResponseWriter, r *http.Request) {
		forward(t, r.URL.Path, packages+"/manifests/calico/"+r.PathValue("version")+"/"+r.PathValue("file")).ServeHTTP(w, r)
	})
	routes.HandleFunc("/cloudnative-pg/cloudnative-pg/{version}/releases/{file}", func(w http.ResponseWriter, r *http.Request) {
		forward(t, r.URL.Path, packages+"/manifests/cloudnative-pg/"+r.PathValue("version")+"/"+r.PathValue("file")).ServeHTTP(w, r)
	})
	debian, err := toolchain.Upstream(toolchain.DebianPackages)
	require.NoError(t, err)
	routes.Handle("/debian/", forward(t, "", debian))
	p.server = &http.Server{Handler: p.recorded(routes)}
	go func() { _ = p.server.Serve(listener) }()
	t.Cleanup(func() { _ = p.server.Close() })
	return p
}

// forward asks another server, under another path.
func forward(t *testing.T, prefix, to string) http.Handler {
	base, err := url.Parse(to)
	require.NoError(t, err)
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Path = strings.TrimPrefix(r.In.URL.Path, prefix)
		r.SetURL(base)
		r.Out.URL.Path = strings.TrimSuffix(r.Out.URL.Path, "/") + map[bool]string{true: "/"}[strings.HasSuffix(r.In.URL.Path, "/")]
	}}
}

// recorded remembers what was asked for.
func (p *public) recorded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.asked = append(p.asked, r.URL.Path)
		p.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

// authorized wants a token, as public registries do of anonymous clients.
func (p *public) authorized(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer anybody" {
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="%s/token",service="registry"`, p.url))
			w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// wasAsked counts the requests for paths that begin so.
func (p *public) wasAsked(prefix string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(slices.DeleteFunc(slices.Clone(p.asked), func(path string) bool { return !strings.HasPrefix(path, prefix) }))
}

// packPublic lays out the releases of the tools, made of those that the lab builds, and makes their checksums the ones to expect.
func packPublic(t *testing.T) string {
	dir := t.TempDir()
	packed := map[string]string{}
	for name, artifact := range toolchain.Artifacts {
		t.Cleanup(func() { toolchain.Artifacts[name] = artifact })
		if name == kubernetesProvider {
			artifact.Members = map[string]string{name: name, schemaFile: schemaFile}
		}
		file := filepath.Join(dir, artifact.Path)
		if packed[artifact.Path] == "" {
			require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
			packed[artifact.Path] = pack(t, file, name, artifact.Members)
			if list := artifact.Checksums.Path; list != "" {
				require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, list)), 0o755))
				require.NoError(t, os.WriteFile(filepath.Join(dir, list),
					fmt.Appendf(nil, "%064d  other.tar.gz\n%s  %s\n", 0, packed[artifact.Path], path.Base(artifact.Path)), 0o644))
			}
		}
		ours := artifact
		if ours.SHA256 != "" {
			ours.SHA256 = packed[artifact.Path]
		}
		toolchain.Artifacts[name] = ours
	}
	return dir
}

// pack writes what is published, an archive where it has members, and returns its checksum.
func pack(t *testing.T, file, name string, members map[string]string) string {
	out, err := os.Create(file)
	require.NoError(t, err)
	sum := sha256.New()
	to := io.MultiWriter(out, sum)
	open := func(tool string) (*os.File, os.FileInfo) {
		path, err := toolchain.Tool(t.Context(), strings.Replace(tool, schemaFile, kubernetesProvider, 1))
		require.NoError(t, err)
		if tool == schemaFile {
			path = filepath.Join(filepath.Dir(path), schemaFile)
		}
		in, err := os.Open(path)
		require.NoError(t, err)
		info, err := in.Stat()
		require.NoError(t, err)
		return in, info
	}
	if len(members) == 0 {
		in, _ := open(name)
		_, err := io.Copy(to, in)
		require.NoError(t, err)
		require.NoError(t, in.Close())
	} else {
		compressed, err := gzip.NewWriterLevel(to, gzip.BestSpeed)
		require.NoError(t, err)
		archive := tar.NewWriter(compressed)
		for tool, member := range members {
			in, info := open(tool)
			require.NoError(t, archive.WriteHeader(&tar.Header{Name: member, Mode: 0o755, Size: info.Size()}))
			_, err := io.Copy(archive, in)
			require.NoError(t, err)
			require.NoError(t, in.Close())
		}
		require.NoError(t, archive.Close())
		require.NoError(t, compressed.Close())
	}
	require.NoError(t, out.Close())
	return hex.EncodeToString(sum.Sum(nil))
}

// hostAddress is where a container on Docker's own network reaches this machine.
func hostAddress(t *testing.T, container string) string {
	out, err := toolchain.Run(t.Context(), "docker", "inspect", "--format", "{{.NetworkSettings.Gateway}}", container)
	require.NoError(t, err)
	address := strings.TrimSpace(out)
	require.NotEmpty(t, address)
	return address
}

func assertAsked(t *testing.T, p *public, prefixes ...string) {
	t.Helper()
	for _, prefix := range prefixes {
		assert.Positive(t, p.wasAsked(prefix), "requests for %s", prefix)
	}
}
