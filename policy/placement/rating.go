package placement

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
)

// rated is a scheduler's profile that keeps which nodes it rates highest. The scheduler itself tells one of them, which it takes at random.
type rated struct {
	framework.Framework
	// best are those for the pod that was rated last, by name.
	best []string
}

// RunScorePlugins rates the nodes that fit a pod. The scheduler asks for it where there are several.
func (r *rated) RunScorePlugins(ctx context.Context, cycle fwk.CycleState, pod *corev1.Pod, nodes []fwk.NodeInfo) ([]fwk.NodePluginScores, *fwk.Status) {
	scores, status := r.Framework.RunScorePlugins(ctx, cycle, pod, nodes)
	r.best = best(scores)
	return scores, status
}

// best returns the nodes with the highest score, by name.
func best(scores []fwk.NodePluginScores) []string {
	var names []string
	var highest int64 = -1
	for _, score := range scores {
		switch {
		case score.TotalScore > highest:
			highest, names = score.TotalScore, []string{score.Name}
		case score.TotalScore == highest:
			names = append(names, score.Name)
		}
	}
	slices.Sort(names)
	return names
}
