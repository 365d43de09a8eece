package bench

import (
	"strings"
	"time"
)

// stage is how far a bring-up has come, the same for the platform and for the floor.
type stage string

// Stages of a bring-up in their order.
const (
	stageMachines     stage = "machines answer and have their files"
	stagePackages     stage = "packages installed, container runtime runs"
	stageControlPlane stage = "control plane runs"
	stageNodes        stage = "workers have joined and are ready"
	stageURL          stage = "the URL answers"
	stageReady        stage = "every rollout is complete"
)

// stages are all of them.
var stages = []stage{stageMachines, stagePackages, stageControlPlane, stageNodes, stageURL, stageReady}

// stageTimes are how long after the start each stage was reached by every node.
type stageTimes map[stage]time.Duration

// steps tells the resource that ends a stage by the end of its name.
var steps = map[stage]func(resource) bool{
	stageMachines:     named("-files"),
	stagePackages:     named("-prepare"),
	stageControlPlane: named("-init"),
	stageNodes:        func(r resource) bool { return strings.Contains(r.URN.Name(), "-member-") },
}

func named(suffix string) func(resource) bool {
	return func(r resource) bool { return strings.HasSuffix(r.URN.Name(), suffix) }
}

// stages reads from the state when the stages of a bring-up were reached. A resource's time is that of the end of its step.
func (d *deployed) stages(start time.Time) stageTimes {
	times := stageTimes{}
	for stage, matches := range steps {
		times[stage] = d.last(matches).Sub(start)
	}
	return times
}
