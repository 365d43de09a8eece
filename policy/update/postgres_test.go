package update_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/placement"
	"ecommerce-platform/policy/update"
)

func clusterOf(path string, value any) modeltest.Change {
	return modeltest.Set(model.PostgresType, modeltest.Database, path, value)
}

func replicated(instances float64, more ...modeltest.Change) []modeltest.Change {
	return append([]modeltest.Change{modeltest.Replicated(instances, "worker-node-1", "worker-node-2")}, more...)
}

func TestChangesOfADatabase(t *testing.T) {
	times, err := update.ReadTimes()
	require.NoError(t, err)
	one := map[string]int{"worker-node-1": 1}
	two := map[string]int{"worker-node-1": 1, "worker-node-2": 1}
	for name, c := range map[string]struct {
		runs    []modeltest.Change
		change  modeltest.Change
		perNode map[string]int
		rolls   bool
		// outage is for how long nobody writes.
		outage int
	}{
		"another image":             {replicated(2), clusterOf("spec.imageName", "docker.io/library/postgres:16.9"), two, true, times.Switchover.Seconds},
		"another image, in place":   {replicated(2, clusterOf("spec.primaryUpdateMethod", "restart")), clusterOf("spec.imageName", "docker.io/library/postgres:16.9"), two, true, times.Evict.Seconds + times.PodReady.Seconds},
		"more memory":               {replicated(2), clusterOf("spec.resources.requests.memory", "600Mi"), two, true, times.Switchover.Seconds},
		"one instance more":         {replicated(1), clusterOf("spec.instances", 2), two, false, 0},
		"one instance less":         {replicated(2), clusterOf("spec.instances", 1), one, false, 0},
		"settings, which roll none": {replicated(2), clusterOf("spec.postgresql.parameters.max_connections", "200"), two, false, 0},
		"the machine of an instance": {
			replicated(2), modeltest.Set(model.InstanceType, "worker-node-1", "instanceType", "t3.large"), two, false, times.Switchover.Seconds,
		},
	} {
		t.Run(name, func(t *testing.T) {
			after, done := changed(t, c.runs, []modeltest.Change{c.change})
			p := perNode(t, after, "postgres")
			if len(c.perNode) == 1 {
				assert.Equal(t, 1, p.PerNode["worker-node-1"]+p.PerNode["worker-node-2"])
			} else {
				assert.Equal(t, c.perNode, p.PerNode)
			}
			assert.Zero(t, p.Pending, p.Reasons)
			rolls, outage := false, 0
			for _, r := range done.Rollouts {
				if r.Tier == "postgres" {
					rolls = true
					assert.True(t, r.Completes, r.Stuck)
					assert.Equal(t, 1, r.Lowest)
				}
			}
			for _, o := range done.Outages {
				if o.Tier == "postgres" {
					outage += o.Seconds
					assert.False(t, o.Open)
				}
			}
			assert.Equal(t, c.rolls, rolls)
			assert.Equal(t, c.outage, outage)
			assert.Empty(t, done.Waits, "Pulumi does not wait for instances")
		})
	}
}

func TestOtherSettingsMayRestartInstances(t *testing.T) {
	const gap = model.PostgresType + " " + modeltest.Database + " spec.postgresql.parameters: for some settings CloudNativePG restarts the instances, the primary among them"
	after, _ := changed(t, replicated(2), []modeltest.Change{clusterOf("spec.postgresql.parameters.max_connections", "200")})
	assert.Contains(t, modeltest.Gaps(after.Stack), gap)
	after, _ = changed(t, replicated(2), []modeltest.Change{clusterOf("spec.imageName", "docker.io/library/postgres:16.9")})
	assert.NotContains(t, modeltest.Gaps(after.Stack), gap)
}

func TestAnInstanceOnAnotherMachineHasNoData(t *testing.T) {
	const fact = "its instance on worker-node-1, whose data are gone with the machine"
	volume := "kubernetes:core/v1:PersistentVolume"
	another := []modeltest.Change{modeltest.Set(model.InstanceType, "worker-node-1", "privateIp", "172.31.2.240")}
	after, _ := changed(t, replicated(2), another)
	assert.Contains(t, strings.Join(modeltest.Gaps(after.Stack), "\n"), fact)
	kept := modeltest.Set(volume, "shop-postgres-worker-node-1", "metadata.annotations", map[string]any{model.DiskAnnotation: "ebs"})
	after, _ = changed(t, replicated(2, kept), another)
	assert.NotContains(t, strings.Join(modeltest.Gaps(after.Stack), "\n"), fact)
}

func TestTheNewestStandbyGoes(t *testing.T) {
	after, _ := changed(t, replicated(2), []modeltest.Change{clusterOf("spec.instances", 1)})
	var numbers []int
	for _, pod := range after.Cluster.Pods() {
		if tier := after.TierOf(pod); tier != nil && tier.Postgres != nil {
			numbers = append(numbers, placement.Number(pod))
		}
	}
	assert.Equal(t, []int{1}, numbers)
}

// A drained instance waits for its node also where another node has a volume to spare, and is back with the node.
func TestADrainedInstanceWaitsForItsNode(t *testing.T) {
	runs := append(append(worker("worker-node-2"), modeltest.Replicated(2, "worker-node-1", "worker-node-2", "worker-node-3")), clusterOf("spec.affinity.podAntiAffinityType", "preferred"))
	before, _ := changed(t, runs, nil)
	home := ""
	for node := range perNode(t, before, "postgres").PerNode {
		if node > home {
			home = node
		}
	}
	after, done := changed(t, runs, []modeltest.Change{modeltest.Set(model.InstanceType, home, "instanceType", "t3.large")})
	require.Len(t, done.Nodes, 1)
	assert.Equal(t, 1, done.Nodes[0].Pending["postgres"])
	assert.Zero(t, done.Nodes[0].Moves["postgres"])
	assert.Equal(t, perNode(t, before, "postgres").PerNode, perNode(t, after, "postgres").PerNode)
}

// Where the new instances have room only once the one server is gone, Pulumi waits for them in vain, if it is told to wait.
func TestPulumiWaitsForInstancesWhereItIsToldTo(t *testing.T) {
	large := clusterOf("spec.resources.requests.cpu", "700m")
	_, done := changed(t, nil, replicated(2, large))
	assert.Empty(t, done.Waits)
	_, done = changed(t, nil, replicated(2, large, clusterOf("metadata.annotations", map[string]any{"pulumi.com/waitFor": "condition=Ready"})))
	require.Len(t, done.Waits, 1)
	assert.Equal(t, "postgres", done.Waits[0].Tier)
}

func TestFromOneServerToAReplicatedDatabase(t *testing.T) {
	after, done := changed(t, nil, replicated(2))
	assert.Equal(t, map[string]int{"worker-node-1": 1, "worker-node-2": 1}, perNode(t, after, "postgres").PerNode)
	for _, pod := range after.Cluster.Pods() {
		if pod.Labels["app.kubernetes.io/name"] == "postgres" {
			assert.NotNil(t, after.TierOf(pod), "the one server's pod is gone")
		}
	}
	assert.Empty(t, done.Waits)
}
