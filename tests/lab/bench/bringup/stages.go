package bringup

import (
	"strings"
	"time"
)

// Stage is how far a bring-up has come, the same for the platform and for the floor.
type Stage string

// Stages in their order.
const (
	Machines     Stage = "machines answer and have their files"
	Packages     Stage = "packages installed, container runtime runs"
	ControlPlane Stage = "control plane runs"
	Nodes        Stage = "workers have joined and are ready"
	URL          Stage = "the URL answers"
	Ready        Stage = "every rollout is complete"
)

// Stages are all of them.
var Stages = []Stage{Machines, Packages, ControlPlane, Nodes, URL, Ready}

// Times are how long after the start each stage was reached by every node.
type Times map[Stage]time.Duration

// steps tells the resource that ends a stage by the end of its name.
var steps = map[Stage]func(resource) bool{
	Machines:     named("-files"),
	Packages:     named("-prepare"),
	ControlPlane: named("-init"),
	Nodes:        func(r resource) bool { return strings.Contains(r.URN.Name(), "-member-") },
}

func named(suffix string) func(resource) bool {
	return func(r resource) bool { return strings.HasSuffix(r.URN.Name(), suffix) }
}

// stages reads from the state when the stages of a bring-up were reached. A resource's time is that of the end of its step.
func (d *deployed) stages(start time.Time) Times {
	times := Times{}
	for stage, matches := range steps {
		times[stage] = d.last(matches).Sub(start)
	}
	return times
}
