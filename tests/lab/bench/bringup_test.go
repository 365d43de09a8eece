package bench

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/engine"
	"ecommerce-platform/tests/lab/toolchain"
)

var start = time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)

// stored is a state with one of everything that the floor takes from it.
func stored(t *testing.T) *deployed {
	t.Helper()
	secret := func(value any) map[string]any {
		text, err := json.Marshal(value)
		require.NoError(t, err)
		return map[string]any{"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": string(text)}
	}
	row := func(after int, kind, name string, inputs map[string]any) map[string]any {
		return map[string]any{
			"urn": "urn:pulumi:dev::ecommerce-platform::" + kind + "::" + name, "inputs": inputs,
			"created": start.Add(time.Duration(after) * time.Second).Format(time.RFC3339Nano),
		}
	}
	const command = "command:remote:Command"
	object := func(kind, namespace, name string) map[string]any {
		return map[string]any{"kind": kind, "metadata": map[string]any{"namespace": namespace, "name": name}}
	}
	raw, err := json.Marshal(map[string]any{"resources": []any{
		row(3, "aws:ec2/instance:Instance", "platform-worker-node-1", map[string]any{"userData": secret("#cloud-config\n")}),
		row(5, command, "platform-control-plane-files", map[string]any{"stdin": base64.StdEncoding.EncodeToString([]byte("a tar"))}),
		row(7, command, "platform-worker-node-1-files", nil),
		row(21, command, "platform-worker-node-1-prepare", map[string]any{
			"create": "sudo timeout --kill-after=10 2700 env NODE_IP='172.31.2.239' PACKAGES='http://172.31.0.2/apt' REGISTRIES='docker.io quay.io' /opt/platform/bin/prepare.sh",
		}),
		row(20, command, "platform-control-plane-prepare", nil),
		row(40, command, "platform-control-plane-init", nil),
		row(60, command, "platform-control-plane-member-worker-node-1", nil),
		row(61, "pulumi:providers:kubernetes", "platform-kubernetes", map[string]any{"kubeconfig": secret("apiVersion: v1")}),
		row(62, "kubernetes:crd.projectcalico.org/v1:IPPool", "platform-pool", object("IPPool", "", "default")),
		row(63, "kubernetes:core/v1:NodePatch", "platform-worker-node-1-labels", map[string]any{
			"metadata": map[string]any{"name": "worker-node-1", "labels": map[string]any{"tier": "frontend"}},
		}),
		row(64, "kubernetes:core/v1:Secret", "shop-postgres", map[string]any{"kind": "Secret", "stringData": secret(map[string]any{"password": "pa55"})}),
		row(70, "kubernetes:apps/v1:Deployment", "shop-frontend", object("Deployment", "ecommerce", "frontend")),
	}})
	require.NoError(t, err)
	found, err := readDeployed(&engine.State{Raw: raw})
	require.NoError(t, err)
	return found
}

func TestStagesEndWithTheLastNode(t *testing.T) {
	assert.Equal(t, stageTimes{
		stageMachines: 7 * time.Second, stagePackages: 21 * time.Second, stageControlPlane: 40 * time.Second, stageNodes: 60 * time.Second,
	}, stored(t).stages(start))
}

func TestFloorIsMadeOfWhatThePlatformIsMadeOf(t *testing.T) {
	d := stored(t)
	files, err := d.files("control-plane")
	require.NoError(t, err)
	assert.Equal(t, "a tar", string(files))

	data, err := d.userData("worker-node-1")
	require.NoError(t, err)
	assert.Equal(t, "#cloud-config\n", string(data))
	_, err = d.userData("worker-node-2")
	require.EqualError(t, err, "state: no instance for node worker-node-2")

	settings, err := d.settings("-worker-node-1-prepare")
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"NODE_IP": "172.31.2.239", "PACKAGES": "http://172.31.0.2/apt", "REGISTRIES": "docker.io quay.io"}, settings)

	labels, err := d.labels("worker-node-1")
	require.NoError(t, err)
	assert.Equal(t, []string{"tier=frontend"}, labels)
	assert.Equal(t, []string{"ecommerce/frontend"}, d.deployments())

	network, err := d.objects(isCalico)
	require.NoError(t, err)
	assert.Equal(t, "kind: IPPool\nmetadata:\n  name: default\n  namespace: \"\"\n", string(network))
	rest, err := d.objects(func(r resource) bool { return !isCalico(r) })
	require.NoError(t, err)
	assert.Equal(t, "kind: Secret\nstringData:\n  password: pa55\n---\nkind: Deployment\nmetadata:\n  name: frontend\n  namespace: ecommerce\n", string(rest),
		"neither the provider nor the patch")
}

// The floor must install what the platform installs, and takes the lists from its scripts.
func TestPackagesOfTheFloorAreThoseOfThePlatform(t *testing.T) {
	for name, file := range map[string]string{"HELD_PACKAGES": "packages.sh", "PACKAGES_NEEDED": "prepare.sh"} {
		path, err := toolchain.Source("..", "..", "cluster", "scripts", file)
		require.NoError(t, err)
		script, err := os.ReadFile(path)
		require.NoError(t, err)
		found := 0
		for line := range strings.Lines(string(script)) {
			if strings.HasPrefix(line, name+"=(") {
				found++
				assert.True(t, strings.HasSuffix(line, ")\n"), "%s is one line", name)
			}
		}
		assert.Equal(t, 1, found, name)
	}
}

func TestComparisonShowsRatiosAndTellsOfAMissedTarget(t *testing.T) {
	times := func(url int) stageTimes {
		all := stageTimes{}
		for i, stage := range stages {
			all[stage] = time.Duration(url-len(stages)+i) * time.Second
		}
		all[stageURL] = time.Duration(url) * time.Second
		return all
	}
	within := compare([]stageTimes{times(100), times(140)}, []stageTimes{times(90), times(110)})
	assert.Empty(t, within.Missed)
	assert.Contains(t, within.Rows, []string{"the URL answers", "120.0 s", "100.0 s", "×1.20", "100.0, 140.0", "90.0, 110.0"})
	beyond := compare([]stageTimes{times(130)}, []stageTimes{times(100)})
	assert.Equal(t, []string{"the URL answers after 130.0 s, that is ×1.30 the floor's 100.0 s"}, beyond.Missed)
}
