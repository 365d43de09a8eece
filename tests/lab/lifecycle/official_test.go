//go:build lab && lifecycle

package lifecycle

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/cluster/versions"
	"ecommerce-platform/tests/lab/labtest"
	"ecommerce-platform/tests/lab/load"
	"ecommerce-platform/tests/lab/mirror"
	"ecommerce-platform/tests/lab/toolchain"
)

// TestOfficialSources brings the platform up from what is published, as a machine that reaches the public sources does: here from
// servers of this machine that speak as those do.
func TestOfficialSources(t *testing.T) {
	const source = "ecommerce-platform-public"
	afterwards := context.WithoutCancel(t.Context())
	require.NoError(t, mirror.Build(t.Context(), mirror.Options{}))
	container, err := mirror.Start(t.Context(), source, mirror.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, labtest.Down(afterwards, labtest.Options{Name: source})) })
	port := func(inside string) string {
		out, err := toolchain.Run(t.Context(), "docker", "port", container, inside)
		require.NoError(t, err)
		return "http://" + strings.TrimSpace(out)
	}
	public := startPublic(t, hostAddress(t, container), port("80/tcp"), port("5000/tcp"))

	var upstreams []string
	for _, host := range publicHosts {
		upstreams = append(upstreams, host+"="+public.url)
	}
	t.Setenv("LAB_UPSTREAMS", strings.Join(upstreams, " "))
	t.Setenv("LAB_SOURCES", "official")
	// Of Calico, these servers have what the lab builds.
	published := versions.All.Calico.Manifest
	versions.All.Calico.Manifest = versions.All.Calico.Lab
	t.Cleanup(func() { versions.All.Calico.Manifest = published; toolchain.UseSources(toolchain.Modules) })
	require.NoError(t, toolchain.ChooseSources(t.Context()))

	lab, err := labtest.Open(t.Context(), labtest.Options{Name: "ecommerce-platform-o", VpcCidr: "172.31.80.0/20"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, lab.Close(afterwards)) })
	require.NoError(t, lab.Set(t.Context(), map[string]any{
		"calicoVersion": versions.All.Calico.Lab.Version, "calicoManifestSha256": versions.All.Calico.Lab.ManifestSHA256,
		"postgres": map[string]any{"image": "postgres:15"},
	}))
	_, err = lab.Stack.Up(t.Context())
	require.NoError(t, err)
	require.NoError(t, lab.Connect(t.Context()))
	require.NoError(t, load.Await(t.Context(), time.Second, load.Options{URL: lab.Outputs["frontendUrl"].(string)}))

	assertAsked(t, public,
		"/releases/sdk/", "/releases/plugins/pulumi-resource-kubernetes-", "/releases/plugins/pulumi-resource-command-", "/release/v",
		"/v2/library/nginx/", "/v2/library/postgres/", "/v2/library/redis/", "/v2/calico/node/", "/v2/kube-apiserver/", "/v2/prometheus/node-exporter/",
		"/core:/stable:/", "/cdn/", "/linux/debian/dists/", "/debian/dists/")
	assert.Zero(t, public.wasAsked("/v2/ecommerce-platform/"), "the shop's image is this machine's own")

	again, err := lab.Stack.Up(t.Context())
	require.NoError(t, err)
	assert.Empty(t, again.Changed(), "nothing is left to do")

	t.Run("the mirror keeps what it was given", func(t *testing.T) {
		require.NoError(t, public.server.Close())
		const image = "docker.io/library/redis:7-alpine"
		_, err := lab.OnMachine(t.Context(), "control-plane", "crictl", "inspecti", image)
		require.ErrorContains(t, err, "no such image", "this node has not pulled it before")
		_, err = lab.OnMachine(t.Context(), "control-plane", "crictl", "pull", image)
		require.NoError(t, err)
	})
}
