//go:build lab && lifecycle

package lifecycle

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/wait"
)

// testMachinesChangeInTurn stops every machine, with a second frontend worker, while clients ask both for the page: the control
// plane and a worker to become ones of another type, and then all of them to start with their system's newest packages.
func testMachinesChangeInTurn(t *testing.T) {
	requireWhole(t)
	testStoppedMachineStarts(t)
	nodes, err := shop.Nodes()
	require.NoError(t, err)
	address := netip.MustParseAddr(shop.Addresses["worker-node-1"]).Next().String()
	config := map[string]any{"frontend": map[string]any{"replicas": 4}, "nodes": append(nodes, map[string]any{
		"name": newcomer, "role": "worker", "privateIp": address, "labels": map[string]any{"tier": "frontend", "storage": "ssd"},
	})}
	require.NoError(t, shop.Set(t.Context(), config))
	_, err = shop.Stack.Up(t.Context())
	require.NoError(t, err)
	shop.Addresses[newcomer] = address
	require.NoError(t, shop.Connect(t.Context()))
	requireWhole(t)

	clients := askEither(t, publicAddress(t, "worker-node-1"), publicAddress(t, newcomer))
	start := time.Now()
	for _, node := range nodes[:2] {
		node.(map[string]any)["instanceType"] = "t3.large" //nolint:forcetypeassert // a node is an object
	}
	config["osUpdate"] = "2026-11"
	require.NoError(t, shop.Set(t.Context(), config))
	_, err = shop.Stack.Up(t.Context())
	require.NoError(t, err)
	note(t, "two machines of another type, and four with new packages", "after %s", time.Since(start).Round(time.Second))
	asked, lost := clients()
	var wanted []string
	for _, name := range []string{"control-plane", "worker-node-1", "worker-node-1", "worker-node-2", newcomer, "control-plane"} {
		wanted = append(wanted, "die "+name, "start "+name)
	}
	assert.Equal(t, wanted, machineEvents(t, start), "one at a time")
	assert.Positive(t, asked)
	assert.Empty(t, lost, "of %d times, neither of two frontend workers served the page", asked)
	for _, name := range shop.NodeNames() {
		assert.Equal(t, "2026-11", strings.TrimSpace(onMachine(t, name, "cat /var/lib/platform/os-update")), name)
	}
	requireWhole(t)

	require.NoError(t, shop.Set(t.Context(), nil))
	start = time.Now()
	_, err = shop.Stack.Up(t.Context())
	require.NoError(t, err)
	delete(shop.Addresses, newcomer)
	assert.NotContains(t, machineEvents(t, start), "die worker-node-2", "that there is no update any more does nothing")
	require.NoError(t, shop.Connect(t.Context()))
	requireWhole(t)
}

// testStoppedMachineStarts stops a machine as somebody at AWS's console would.
func testStoppedMachineStarts(t *testing.T) {
	t.Helper()
	container, err := shop.Container(t.Context(), "worker-node-2")
	require.NoError(t, err)
	_, err = docker("stop", container)
	require.NoError(t, err)
	result, err := shop.Stack.Up(t.Context(), "--refresh")
	require.NoError(t, err)
	assert.Contains(t, result.Describe(), "update aws:ec2transitgateway/instanceState:InstanceState worker-node-2 state")
	requireWhole(t)
	requireServed(t)
}

// machineEvents are the ends and starts of the lab's machines since then, in order.
func machineEvents(t *testing.T, since time.Time) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "docker", "events", "--since", fmt.Sprint(since.Unix()), "--until", fmt.Sprint(time.Now().Unix()),
		"--filter", "label=twin="+shop.Name, "--filter", "label=twin.id", "--filter", "event=die", "--filter", "event=start",
		"--format", `{{.Action}} {{index .Actor.Attributes "name"}}`).Output()
	require.NoError(t, err)
	var events []string
	for line := range strings.Lines(string(out)) {
		events = append(events, strings.Replace(strings.TrimSpace(line), shop.Name+"-", "", 1))
	}
	return events
}

func publicAddress(t *testing.T, node string) string {
	t.Helper()
	list, _ := shop.Outputs["nodes"].([]any)
	for _, item := range list {
		if output, ok := item.(map[string]any); ok && output["name"] == node {
			return fmt.Sprint(output["publicIp"])
		}
	}
	t.Fatalf("the outputs do not name %s", node)
	return ""
}

// askEither asks for the page at the first address, and where that fails at the next one, as clients of a name with several
// addresses do, until the function that it returns is called: it tells how often, and when no address answered.
func askEither(t *testing.T, addresses ...string) func() (asked int, lost []string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	client := &http.Client{Timeout: 2 * time.Second}
	answers := func(address string) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+":30080/", nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close() //nolint:errcheck // read only
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			return err
		}
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s", address, response.Status)
		}
		return nil
	}
	asked, lost := 0, []string(nil)
	var running sync.WaitGroup
	running.Go(func() {
		wait.NonSlidingUntilWithContext(ctx, func(ctx context.Context) {
			var failures []string
			for _, address := range addresses {
				err := answers(address)
				if err == nil {
					failures = nil
					break
				}
				failures = append(failures, err.Error())
			}
			if ctx.Err() == nil {
				asked++
				if failures != nil {
					lost = append(lost, time.Now().Format(time.TimeOnly)+" "+strings.Join(failures, "; "))
				}
			}
		}, 200*time.Millisecond)
	})
	end := func() (int, []string) {
		stop()
		running.Wait()
		return asked, lost
	}
	t.Cleanup(func() { end() })
	return end
}
