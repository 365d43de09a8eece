package update_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/cluster/versions"
	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/placement"
	"ecommerce-platform/policy/update"
)

func TestMachinesChangeOneAtATime(t *testing.T) {
	var larger []modeltest.Change
	for _, node := range []string{"control-plane", "worker-node-1", "worker-node-2"} {
		larger = append(larger, modeltest.Set(instance, node, "instanceType", "t3.large"))
	}
	after, done := changed(t, nil, larger)
	var order []string
	for _, node := range done.Nodes {
		assert.Equal(t, update.Changed, node.What)
		order = append(order, node.Node)
	}
	assert.Equal(t, []string{"control-plane", "worker-node-1", "worker-node-2"}, order)
	assert.Equal(t, 4, done.Nodes[1].Pending["frontend"], "they wait for their only node")
	times := times(t)
	away := times.Evict.Seconds + times.MachineRestart.Seconds + times.PodReady.Seconds
	assert.Equal(t, []update.Outage{
		{Tier: "frontend", While: "worker-node-1 is drained, stopped and changed", Until: "the node is back", Seconds: away},
		{Tier: "backend", While: "worker-node-2 is drained, stopped and changed", Until: "the node is back", Seconds: away},
		{Tier: "postgres", While: "worker-node-2 is drained, stopped and changed", Until: "the node is back", Seconds: away},
	}, done.Outages)
	assert.Equal(t, []update.Outage{
		{While: "control-plane is drained, stopped and changed", Until: "it has started on the machine that is back", Seconds: times.MachineRestart.Seconds + times.APIStart.Seconds},
	}, done.API)
	assert.Equal(t, 3*(times.Evict.Seconds+times.MachineRestart.Seconds), done.Seconds)
	assert.Equal(t, 3, done.Nodes[2].Pending["backend"])
	assert.Equal(t, 1, done.Nodes[2].Pending["postgres"])
	for _, p := range after.TierPlacements() {
		assert.Zero(t, p.Pending, "%s: %v", p.Tier, p.Reasons)
	}
	assert.Equal(t, int64(7477), after.NodeUses()[1].AllocatableMemory)
	assert.Empty(t, after.SystemPending())
}

func times(t *testing.T) *update.Times {
	t.Helper()
	times, err := update.ReadTimes()
	require.NoError(t, err)
	return times
}

// fact is a value that the cluster tells of itself.
func fact(name string, value any) modeltest.Change {
	return modeltest.Set(model.ClusterType, "platform", name, value)
}

// oldest is a version of Kubernetes that is not that of a new cluster.
func oldest() string {
	minors := versions.All.Kubernetes.Minors()
	return versions.All.Kubernetes.Of(slices.Min(minors)).Version
}

// facts are those of a state of this version of the program.
func facts() []modeltest.Change {
	return []modeltest.Change{
		fact("kubernetesVersion", oldest()), fact("containerdVersion", versions.All.Containerd.Before), fact("certificateRenewal", ""), fact("osUpdate", ""),
	}
}

func TestUpgradesEmptyEachWorker(t *testing.T) {
	for name, c := range map[string]struct {
		change  modeltest.Change
		without int // seconds without an API server
	}{
		"Kubernetes":            {fact("kubernetesVersion", versions.All.Kubernetes.New().Version), times(t).APIUpgrade.Seconds},
		"the container runtime": {fact("containerdVersion", versions.All.Containerd.Version), 0},
	} {
		t.Run(name, func(t *testing.T) {
			_, done := changed(t, facts(), []modeltest.Change{c.change})
			require.Len(t, done.Nodes, 3)
			assert.Equal(t, update.UpgradedInPlace, done.Nodes[0].What)
			assert.Equal(t, times(t).Upgrade.Seconds+c.without, done.Nodes[0].Seconds)
			for i, node := range []string{"control-plane", "worker-node-1", "worker-node-2"} {
				assert.Equal(t, node, done.Nodes[i].Node)
				assert.Zero(t, done.Nodes[i].Silent, "machines run on")
				assert.Equal(t, i > 0, done.Nodes[i].What == update.Upgraded)
			}
			seconds := 0
			for _, away := range done.API {
				seconds += away.Seconds
			}
			assert.Equal(t, c.without, seconds)
		})
	}
}

func TestSystemsAreUpdatedInTurn(t *testing.T) {
	_, done := changed(t, facts(), []modeltest.Change{fact("osUpdate", "2026-11")})
	var order []string
	for _, node := range done.Nodes {
		assert.Equal(t, update.Updated, node.What)
		assert.Equal(t, times(t).MachineRestart.Seconds, node.Silent)
		order = append(order, node.Node)
	}
	assert.Equal(t, []string{"worker-node-1", "worker-node-2", "control-plane"}, order)
	require.Len(t, done.API, 1)
	t.Run("another machine is updated as well", func(t *testing.T) {
		_, done := changed(t, append(facts(), fact("osUpdate", "2026-11")), []modeltest.Change{modeltest.Set(instance, "worker-node-1", "privateIp", "172.31.9.9")})
		require.Len(t, done.Nodes, 2)
		assert.Equal(t, update.Replaced, done.Nodes[0].What)
		assert.Equal(t, update.Updated, done.Nodes[1].What)
		assert.Equal(t, "worker-node-1", done.Nodes[1].Node)
	})
	t.Run("a text that is taken away does nothing", func(t *testing.T) {
		_, done := changed(t, append(facts(), fact("osUpdate", "2026-11")), []modeltest.Change{fact("osUpdate", "")})
		assert.Empty(t, done.Nodes)
	})
}

func TestRenewedCertificates(t *testing.T) {
	_, done := changed(t, facts(), []modeltest.Change{fact("certificateRenewal", "2026-11-30")})
	assert.Empty(t, done.Nodes)
	assert.Equal(t, []update.Outage{{While: "certificates are renewed", Until: "it has started again", Seconds: times(t).APIRestart.Seconds}}, done.API)
}

func TestOtherArgumentsRestartTheAPIServer(t *testing.T) {
	arguments := func(days string) modeltest.Change { return fact("apiServer", map[string]any{"audit-log-maxage": days}) }
	restarts := []update.Outage{{While: "the API server gets other arguments", Until: "it has started again", Seconds: times(t).APIRestart.Seconds}}
	for name, c := range map[string]struct {
		before []modeltest.Change
		want   []update.Outage
	}{
		"others":                        {append(facts(), arguments("30")), restarts},
		"the same":                      {append(facts(), arguments("7")), nil},
		"a program that published none": {facts(), restarts},
		"a stack that had no cluster":   {[]modeltest.Change{fact("kubernetesVersion", "")}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, done := changed(t, c.before, []modeltest.Change{arguments("7")})
			assert.Equal(t, c.want, done.API)
			assert.Empty(t, done.Nodes)
		})
	}
}

// A state of an earlier version of the program does not tell what ran.
func TestAnOlderStateIsNotGuessed(t *testing.T) {
	older := append(facts(), fact("containerdVersion", ""))
	before, err := placement.Simulate(t.Context(), modeltest.Dev(t, older...))
	require.NoError(t, err)
	stack := modeltest.Dev(t, append(facts(), fact("osUpdate", "2026-11"), fact("certificateRenewal", "2026-11-30"))...)
	_, done, err := update.Simulate(t.Context(), before, stack)
	require.NoError(t, err)
	assert.Empty(t, done.API)
	assert.Contains(t, modeltest.Gaps(stack), "upgrades and updates of nodes: the state is of an earlier version of this program, which does not tell what they run")
}

func TestTimesOfAnotherEnvironment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "times.json")
	t.Setenv(update.TimesFile, path)
	write := func(text string) { require.NoError(t, os.WriteFile(path, []byte(text), 0o600)) }
	write(`{"machineRestart": {"seconds": 11, "source": "here"}}`)
	assert.Equal(t, 11, times(t).MachineRestart.Seconds)
	assert.NotZero(t, times(t).PodReady.Seconds, "the others stay")
	for _, bad := range []string{`{"machineRestart": {"seconds": -1, "source": "here"}}`, `{"reboot": {"seconds": 1, "source": "here"}}`, "no object"} {
		write(bad)
		_, err := update.ReadTimes()
		require.ErrorContains(t, err, update.TimesFile, bad)
	}
}
