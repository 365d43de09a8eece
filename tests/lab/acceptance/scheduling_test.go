package acceptance_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"ecommerce-platform/tests/lab/controlplane/controlplanetest"
)

// scenarios is how many cases are compared.
const scenarios = 220

// attempts is how often a case that ends differently is tried. The real scheduler learns of nodes and pods by watching, so
// now and then it places a pod before it has heard of every node; a simulation that is wrong is wrong each time.
const attempts = 3

// TestPlacementIsWhatASchedulerDoes compares the simulation with a real API server, controller manager and scheduler.
//
// Where several nodes are equally good a scheduler chooses by lot, and later pods find another cluster. So a case that ends
// differently is gone through pod by pod, in the order in which the real scheduler bound them: each must be on one of the
// nodes that the simulation holds for the best, given the pods before it, and what is pending in the one must be in the other.
func TestPlacementIsWhatASchedulerDoes(t *testing.T) {
	t.Parallel()
	real := newReference(t, controlplanetest.StartWithoutKubelets(t))
	simulation := startSimulation(t)
	var count struct{ pods, pending, same, reasons, lots int }
	for seed := range uint64(scenarios) {
		var simulated []outcome
		var observed observation
		var problem string
		for attempt := range attempts {
			if attempt > 0 {
				t.Logf("case %d: once more, since %s", seed, problem)
			}
			s := real.schedule(t, generate(seed))
			simulated = simulation.ask(t, s)
			observed = real.observe(t, s, placed(simulated))
			problem = ""
			if !maps.Equal(observed.nodes, placed(simulated)) {
				var late map[string]string
				if problem, late = simulation.follow(t, s, observed); len(late) > 0 {
					observed = real.observe(t, s, late)
					problem, _ = simulation.follow(t, s, observed)
				}
			}
			real.clear(t, s)
			if problem == "" {
				break
			}
		}
		count.pods, count.pending = count.pods+len(simulated), count.pending+len(observed.reasons)
		switch {
		case problem != "":
			assert.Fail(t, "the simulation says something else", "case %d: %s\nreal:      %v %v\nsimulated: %v",
				seed, problem, observed.nodes, observed.reasons, simulated)
		case maps.Equal(observed.nodes, placed(simulated)):
			count.same++
			for _, o := range simulated {
				if o.Reason != "" && strings.HasPrefix(observed.reasons[o.Pod], o.Reason) {
					count.reasons++
				}
			}
		default:
			count.lots++
		}
	}
	t.Logf("%d cases with %d pods, %d of them pending: %d cases end the same (%d pending pods in the scheduler's own words), "+
		"%d differ by a choice among equal nodes", scenarios, count.pods, count.pending, count.same, count.reasons, count.lots)
	assert.Positive(t, count.pending, "no case has a pod without a place")
	assert.Greater(t, count.same, scenarios/2, "most cases leave no choice")
}

// follow explains a difference by choices among equal nodes, or says what is different.
// The pods that it has a place for and that are pending are late, if the scheduler is still to try them again.
func (s *simulation) follow(t *testing.T, c scenario, observed observation) (problem string, late map[string]string) {
	t.Helper()
	byName := map[string]*corev1.Pod{}
	for _, pod := range c.Pods {
		byName[pod.Name] = pod
	}
	again := scenario{Nodes: c.Nodes, ReplicaSets: c.ReplicaSets}
	for _, name := range observed.order {
		bound := byName[name].DeepCopy()
		bound.Spec.NodeName = observed.nodes[name]
		again.Pods = append(again.Pods, bound)
	}
	for name := range observed.reasons {
		again.Pods = append(again.Pods, byName[name])
	}
	late = map[string]string{}
	for _, o := range s.ask(t, again) {
		switch node := observed.nodes[o.Pod]; {
		case node != "" && !slices.Contains(o.Equal, node):
			problem = fmt.Sprintf("%s is on %s, and the simulation holds %v for the best %s", o.Pod, node, o.Equal, o.Reason)
		case node == "" && o.Node != "":
			late[o.Pod] = o.Node
			problem = fmt.Sprintf("%s is pending (%s), and the simulation puts it on %s", o.Pod, observed.reasons[o.Pod], o.Node)
		}
	}
	return problem, late
}

// outcome is what the simulation says of a pod.
type outcome struct {
	Pod, Node, Reason string
	Equal             []string
	// Refused is set where the API server does not let the pod come to be, Preempted where another one took its place.
	Refused, Preempted bool
}

func placed(outcomes []outcome) map[string]string {
	nodes := map[string]string{}
	for _, o := range outcomes {
		if o.Node != "" {
			nodes[o.Pod] = o.Node
		}
	}
	return nodes
}

// simulation is the pack's own placement, as a process that answers scenarios with outcomes.
type simulation struct {
	requests *json.Encoder
	answers  *json.Decoder
	stderr   bytes.Buffer
}

func startSimulation(t *testing.T) *simulation {
	t.Helper()
	s := &simulation{}
	cmd := exec.CommandContext(t.Context(), executable(t, "simulate"))
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = &s.stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	s.requests, s.answers = json.NewEncoder(stdin), json.NewDecoder(stdout)
	return s
}

func (s *simulation) ask(t *testing.T, c scenario) []outcome {
	t.Helper()
	var outcomes []outcome
	require.NoError(t, s.requests.Encode(c), s.stderr.String())
	require.NoError(t, s.answers.Decode(&outcomes), s.stderr.String())
	require.Len(t, outcomes, len(c.Pods))
	return outcomes
}
