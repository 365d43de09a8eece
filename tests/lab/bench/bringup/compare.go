package bringup

import (
	"fmt"
	"strings"
	"time"

	"ecommerce-platform/tests/lab/bench/table"
)

const (
	// Rounds are how often platform and floor are brought up, in turn.
	Rounds = 2
	// limit is how much longer than the floor the platform may take until its URL answers.
	limit = 1.25
)

// Compare shows when each stage was reached, on average, and what lies between a stage and the one before.
func Compare(platform, floor []Times) *table.Table {
	t := &table.Table{
		Title: "From nothing to the URL",
		Notes: []string{
			fmt.Sprintf("When each stage was reached by the last node, after the start of `pulumi up` or of the floor: means of %d rounds, in turn. The floor makes the same "+
				"machines, files, packages, images and objects with a bare script that checks nothing and cannot run again.", len(platform)),
			fmt.Sprintf("Target: the URL answers after at most %.2f times the floor's time.", limit),
		},
		Head: []string{"stage", "platform", "floor", "ratio", "platform's rounds", "floor's rounds"},
	}
	for _, stage := range Stages {
		p, f := mean(platform, stage), mean(floor, stage)
		t.Row(string(stage), table.Seconds(p), table.Seconds(f), table.Ratio(p.Seconds(), f.Seconds()), rounds(platform, stage), rounds(floor, stage))
	}
	if p, f := mean(platform, URL), mean(floor, URL); p.Seconds() > limit*f.Seconds() {
		t.Missed = append(t.Missed, fmt.Sprintf("the URL answers after %s, that is %s the floor's %s",
			table.Seconds(p), table.Ratio(p.Seconds(), f.Seconds()), table.Seconds(f)))
	}
	return t
}

func mean(all []Times, stage Stage) time.Duration {
	var sum time.Duration
	for _, times := range all {
		sum += times[stage]
	}
	return sum / time.Duration(len(all))
}

func rounds(all []Times, stage Stage) string {
	var texts []string
	for _, times := range all {
		texts = append(texts, fmt.Sprintf("%.1f", times[stage].Seconds()))
	}
	return strings.Join(texts, ", ")
}
