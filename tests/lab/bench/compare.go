package bench

import (
	"fmt"
	"strings"
	"time"

	"ecommerce-platform/tests/lab/table"
)

const (
	// rounds are how often platform and floor are brought up, in turn.
	rounds = 2
	// floorLimit is how much longer than the floor the platform may take until its URL answers.
	floorLimit = 1.25
)

// compare shows when each stage was reached, on average, and what lies between a stage and the one before.
func compare(platform, floor []stageTimes) *table.Table {
	t := &table.Table{
		Title: "From nothing to the URL",
		Notes: []string{
			fmt.Sprintf("When each stage was reached by the last node, after the start of `pulumi up` or of the floor: means of %d rounds, in turn. The floor makes the same "+
				"machines, files, packages, images and objects with a bare script that checks nothing and cannot run again.", len(platform)),
			fmt.Sprintf("Target: the URL answers after at most %.2f times the floor's time.", floorLimit),
		},
		Head: []string{"stage", "platform", "floor", "ratio", "platform's rounds", "floor's rounds"},
	}
	for _, stage := range stages {
		p, f := mean(platform, stage), mean(floor, stage)
		t.Row(string(stage), seconds(p), seconds(f), ratio(p.Seconds(), f.Seconds()), inTurn(platform, stage), inTurn(floor, stage))
	}
	if p, f := mean(platform, stageURL), mean(floor, stageURL); p.Seconds() > floorLimit*f.Seconds() {
		t.Missed = append(t.Missed, fmt.Sprintf("the URL answers after %s, that is %s the floor's %s",
			seconds(p), ratio(p.Seconds(), f.Seconds()), seconds(f)))
	}
	return t
}

func mean(all []stageTimes, stage stage) time.Duration {
	var sum time.Duration
	for _, times := range all {
		sum += times[stage]
	}
	return sum / time.Duration(len(all))
}

func inTurn(all []stageTimes, stage stage) string {
	var texts []string
	for _, times := range all {
		texts = append(texts, fmt.Sprintf("%.1f", times[stage].Seconds()))
	}
	return strings.Join(texts, ", ")
}
