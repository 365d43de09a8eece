//go:build lab && lifecycle

package lifecycle

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	coordinationv1 "k8s.io/api/coordination/v1"

	"ecommerce-platform/tests/lab/labtest"
	"ecommerce-platform/tests/lab/load"
)

// failure is something that breaks and is to mend by itself.
type failure struct {
	name string
	// happen breaks it. What it returns has no error once it is seen that it did break and that what broke is back.
	happen func(t *testing.T) (back func() error)
	// pageLost and dataLost are whether clients notice: then they must, and otherwise they must not.
	pageLost, dataLost bool
}

// testMachinesFail breaks machines and what runs on them, one after another, while clients ask without a pause.
func testMachinesFail(t *testing.T) {
	for _, f := range []failure{
		{name: "the control plane is rebooted", happen: reboots("control-plane")},
		{name: "the frontend's node is rebooted", happen: reboots("worker-node-1"), pageLost: true, dataLost: true},
		{name: "the backend's node is rebooted", happen: reboots("worker-node-2"), dataLost: true},
		{name: "the kubelet is killed on the frontend's node", happen: killed("worker-node-1", "kubelet")},
		{name: "containerd is killed on the frontend's node", happen: killed("worker-node-1", "containerd")},
		{name: "containerd is killed on the backend's node", happen: killed("worker-node-2", "containerd")},
		{name: "the API server is down for a minute", happen: silencesTheAPI},
	} {
		t.Run(f.name, f.test)
	}
	requireUnchanged(t)
}

func (f failure) test(t *testing.T) {
	recordResult(t)
	requireWhole(t)
	requireServed(t)
	clients := startTraffic(t)
	start := time.Now()
	back := f.happen(t)
	labtest.Eventually(t, 6*time.Minute, back)
	requireServed(t)
	served := time.Since(start)
	requireWhole(t)
	whole := time.Since(start)
	page, data := clients.end(t, f.name)
	note(t, f.name, "page away for %s, /data for %s; all is served after %s and whole after %s",
		silence(page), silence(data), served.Round(time.Second), whole.Round(time.Second))
	for _, asked := range []struct {
		what   string
		report *load.Report
		lost   bool
	}{{"page", page, f.pageLost}, {"/data", data, f.dataLost}} {
		if asked.lost {
			assert.Positive(t, asked.report.Lost, "%s: nothing failed, so this test saw nothing", asked.what)
		} else {
			assertNothingLost(t, asked.what, asked.report)
		}
	}
}

// silence is how long there was no answer, nothing where none was lost.
func silence(report *load.Report) time.Duration {
	if report.Lost == 0 {
		return 0
	}
	return report.Gap.Round(100 * time.Millisecond)
}

// reboots reboots a node's machine as its administrator would.
func reboots(node string) func(*testing.T) func() error {
	return func(t *testing.T) func() error {
		container, err := shop.Container(t.Context(), node)
		require.NoError(t, err)
		before := booted(t, container)
		_, err = shop.OnMachine(t.Context(), node, "systemctl", "reboot")
		require.NoError(t, err)
		return func() error {
			now := booted(t, container)
			if !now.After(before) {
				return fmt.Errorf("%s: still running since %s", node, before)
			}
			// What the API server holds of the node may be from before.
			return renewed(t.Context(), node, now)
		}
	}
}

// booted is when a machine was started.
func booted(t *testing.T, container string) time.Time {
	t.Helper()
	text, err := docker("inspect", "--format", "{{.State.StartedAt}}", container)
	require.NoError(t, err)
	at, err := time.Parse(time.RFC3339Nano, strings.TrimSpace(text))
	require.NoError(t, err)
	return at
}

// renewed says whether a node's kubelet has spoken to the API server since then.
func renewed(ctx context.Context, node string, since time.Time) error {
	lease, err := look[coordinationv1.Lease](ctx, "lease", "-n", "kube-node-lease", node)
	if err != nil {
		return err
	}
	if at := lease.Spec.RenewTime; at == nil || !at.After(since) {
		return fmt.Errorf("%s: its kubelet was last heard of at %v, before %s", node, at, since)
	}
	return nil
}

// killed kills the main process of a service, as the kernel does when memory is short.
func killed(node, unit string) func(*testing.T) func() error {
	process := func(ctx context.Context) (string, error) {
		text, err := shop.OnMachine(ctx, node, "systemctl", "show", "--property", "MainPID", "--value", unit)
		return strings.TrimSpace(text), err
	}
	return func(t *testing.T) func() error {
		before, err := process(t.Context())
		require.NoError(t, err)
		require.NotEqual(t, "0", before)
		start := time.Now()
		_, err = shop.OnMachine(t.Context(), node, "kill", "-KILL", before)
		require.NoError(t, err)
		return func() error {
			now, err := process(t.Context())
			if err != nil {
				return err
			}
			if now == before || now == "0" {
				return fmt.Errorf("%s on %s: main process %s, was %s", unit, node, now, before)
			}
			return renewed(t.Context(), node, start)
		}
	}
}

// silencesTheAPI takes the API server's manifest away for a minute.
func silencesTheAPI(t *testing.T) func() error {
	const manifest, aside = "/etc/kubernetes/manifests/kube-apiserver.yaml", "/etc/kubernetes/kube-apiserver.yaml"
	start := time.Now()
	_, err := shop.OnMachine(t.Context(), "control-plane", "mv", manifest, aside)
	require.NoError(t, err)
	ready := func() error {
		_, err := shop.TryKubectl(t.Context(), "get", "--raw=/readyz", "--request-timeout=2s")
		return err
	}
	labtest.Eventually(t, time.Minute, func() error {
		if ready() == nil {
			return fmt.Errorf("the API server still answers")
		}
		return nil
	})
	minute := time.NewTimer(time.Minute)
	defer minute.Stop()
	select {
	case <-minute.C:
	case <-t.Context().Done():
	}
	require.Error(t, ready(), "it stayed away")
	_, err = shop.OnMachine(t.Context(), "control-plane", "mv", aside, manifest)
	require.NoError(t, err)
	return func() error {
		if err := ready(); err != nil {
			return err
		}
		for _, node := range shop.NodeNames() {
			if err := renewed(t.Context(), node, start.Add(time.Minute)); err != nil {
				return err
			}
		}
		return nil
	}
}
