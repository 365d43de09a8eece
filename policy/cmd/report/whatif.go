package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"ecommerce-platform/policy/model/checkpoint"
	"ecommerce-platform/policy/picture"
	"ecommerce-platform/policy/report"
	"ecommerce-platform/policy/whatif"
)

// whatIf changes the nodes of a stack that runs, and prints what that does in the tables of a report.
func whatIf(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) error {
	resources := flags.String("resources", "", "file with resources, which the pack writes to PLATFORM_RESOURCES; they are taken for what runs")
	state := flags.String("state", "", "file that 'pulumi stack export' wrote, instead of resources")
	loseNode := flags.String("lose-node", "", "lose the node of this name for good")
	loseZone := flags.String("lose-zone", "", "lose every node of this availability zone")
	drain := flags.String("drain", "", "drain the node of this name")
	addWorker := flags.String("add-worker", "", "add a worker of this instance type, such as t3.large")
	like := flags.String("like", "", "worker whose labels, taints, disk and addresses the added one has; default, the last")
	asPicture := flags.Bool("svg", false, "print the picture instead of the tables")
	if err := parse(flags, args); err != nil {
		return err
	}
	running, err := whatRuns(*resources, *state)
	if err != nil {
		return err
	}
	var r *report.Report
	asked := 0
	for _, scenario := range []struct {
		of  string
		run func() (*report.Report, error)
	}{
		{*loseNode, func() (*report.Report, error) { return whatif.LoseNode(ctx, running, *loseNode) }},
		{*loseZone, func() (*report.Report, error) { return whatif.LoseZone(ctx, running, *loseZone) }},
		{*drain, func() (*report.Report, error) { return whatif.Drain(ctx, running, *drain) }},
		{*addWorker, func() (*report.Report, error) { return whatif.AddWorker(ctx, running, *addWorker, *like) }},
	} {
		if scenario.of == "" {
			continue
		}
		if asked++; asked > 1 {
			return errors.New("-lose-node, -lose-zone, -drain, -add-worker: one at a time")
		}
		if r, err = scenario.run(); err != nil {
			return err
		}
	}
	switch {
	case r == nil:
		return errors.New("one of -lose-node, -lose-zone, -drain and -add-worker: required")
	case *asPicture:
		_, err = io.WriteString(out, picture.SVG(r))
	default:
		_, err = io.WriteString(out, r.Text())
	}
	return err
}

// whatRuns reads resources from one of two files.
func whatRuns(resources, state string) ([]policyx.AnalyzerResource, error) {
	switch {
	case (resources == "") == (state == ""):
		return nil, errors.New("one of -resources and -state: required")
	case resources != "":
		return readResources(resources)
	}
	body, err := readFile(state)
	if err != nil {
		return nil, err
	}
	running, err := checkpoint.Read(body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", state, err)
	}
	return running, nil
}
