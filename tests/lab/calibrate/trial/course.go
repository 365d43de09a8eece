package trial

import (
	"context"
	"errors"

	corev1 "k8s.io/api/core/v1"
)

// Names of stages.
const (
	NewCluster = "new cluster"
	Change     = "change"
	Afterwards = "afterwards"
)

// Course is how a scenario went on a real cluster: the stages that it came to, of which all but the last one worked.
type Course []Stage

// Stage is one of them.
type Stage struct {
	Name string `json:"stage"`
	// Lacks is what does not work, a sentence for each reason; none where the stage worked.
	Lacks []string `json:"lacks,omitempty"`
	// Lowest is how few pods of each Deployment and StatefulSet were ready while pods were rolled.
	Lowest map[string]int `json:"lowest,omitempty"`
}

// Machines are a cluster without the stack's own pods: nodes, the pods that come with each, and the cluster's own that are scheduled.
type Machines struct {
	Nodes     []*corev1.Node
	Residents []*corev1.Pod
	Addons    []*corev1.Pod
}

// Try goes through a scenario until a stage does not work. Of a new cluster there are the machines after only.
func (c *Cluster) Try(ctx context.Context, s Scenario, before, after Machines) (course Course, err error) {
	t, err := c.enter(ctx, s)
	defer func() { err = errors.Join(err, c.leave(ctx, t)) }()
	if err != nil {
		return nil, err
	}
	type step struct {
		name string
		do   func() ([]string, error)
	}
	steps := []step{{NewCluster, func() ([]string, error) { return t.bringUp(ctx, s.after, after) }}}
	if s.before != nil {
		steps = []step{
			{NewCluster, func() ([]string, error) { return t.bringUp(ctx, s.before, before) }},
			{Change, func() ([]string, error) { return t.change(ctx, before, after) }},
		}
	}
	for _, step := range append(steps, step{Afterwards, func() ([]string, error) { return t.probe(ctx) }}) {
		lacks, err := step.do()
		if err != nil {
			return nil, err
		}
		course = append(course, Stage{step.name, lacks, t.lowestSeen()})
		if len(lacks) > 0 {
			break
		}
	}
	return course, nil
}
