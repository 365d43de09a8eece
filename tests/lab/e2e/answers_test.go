//go:build lab

package e2e

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/docker"
	"ecommerce-platform/tests/lab/images"
	"ecommerce-platform/tests/lab/labtest"
	"ecommerce-platform/tests/lab/load"
	"ecommerce-platform/tests/lab/toolchain"
)

// TestAnswersAreServedThatTheCacheHasNoRoomFor runs the frontend's nginx beside the lab, with the smallest cache that there is and more
// requests at a time than that holds.
func TestAnswersAreServedThatTheCacheHasNoRoomFor(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select { // as long as answers take: the cache's places are held meanwhile
		case <-time.After(20 * time.Millisecond):
		case <-r.Context().Done():
		}
		w.Header().Set("Cache-Control", "public, max-age=0, s-maxage=2")
		_, _ = w.Write([]byte("{}\n"))
	}))
	defer backend.Close()
	url, failures := smallFrontend(t, backend.Listener.Addr().String())

	report, err := load.Measure(t.Context(), load.Options{
		Ask: func(ctx context.Context, client *http.Client) error {
			return load.Get(ctx, client, url+"/data"+unique())
		},
	}, load.Bounds{Clients: 400, Requests: 8000})
	require.NoError(t, err)
	assert.Zero(t, report.Lost, report)
	assert.NotZero(t, failures(), "the cache was never full")
}

// smallFrontend returns the address of an nginx, and how often it had no room for an answer.
func smallFrontend(t *testing.T, backend string) (url string, failures func() int) {
	t.Helper()
	source, err := toolchain.Source("..", "..", "workloads", "site", "frontend.conf.template")
	require.NoError(t, err)
	template, err := os.ReadFile(source)
	require.NoError(t, err)
	small := strings.Replace(string(template), "keys_zone=answers:10m", "keys_zone=answers:32k", 1)
	require.NotEqual(t, string(template), small)
	directory := t.TempDir()
	require.NoError(t, os.Chmod(directory, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(directory, "default.conf.template"), []byte(small), 0o644))

	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(free.Addr().String())
	require.NoError(t, err)
	require.NoError(t, free.Close())
	nginx := images.Served[slices.IndexFunc(images.Served, func(i images.Image) bool { return i.Name == "nginx" })]
	tag, err := nginx.Build(t.Context())
	require.NoError(t, err)
	container, err := toolchain.Run(t.Context(), "docker", "run", "--detach", "--network", "host", "--volume", directory+":/etc/nginx/templates:ro",
		"--env", "BACKEND_ADDRESS="+backend, "--env", "BACKEND_PATHS=^/data", "--env", "SITE_VERSION=0", "--env", "PORT="+port,
		"--env", "NGINX_ENVSUBST_FILTER=^(BACKEND_|SITE_|PORT$)", tag)
	require.NoError(t, err)
	container = strings.TrimSpace(container)
	t.Cleanup(func() {
		_, err := toolchain.Run(context.WithoutCancel(t.Context()), "docker", "rm", "--force", container)
		assert.NoError(t, err)
	})
	url = "http://127.0.0.1:" + port
	labtest.Eventually(t, 30*time.Second, func() error {
		return load.Get(t.Context(), http.DefaultClient, url+"/healthz")
	})
	return url, func() int {
		log, err := docker.Logs(t.Context(), container, 10_000)
		require.NoError(t, err)
		return strings.Count(log, "could not allocate node")
	}
}
