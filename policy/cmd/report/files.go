package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"ecommerce-platform/policy/comment"
	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/snapshot"
	"ecommerce-platform/policy/report"
	"ecommerce-platform/policy/review"
)

// Files that a preview leaves in a directory for a comment to be made of. There is no report among them: whoever could write
// one could write a verdict.
const (
	resourcesFile = "resources.json"
	planFile      = "plan.json"
	outputFile    = "preview.txt"
	sourcesFile   = "sources.json"
)

// Bounds of what is read and simulated.
const (
	maxBytes = 32 << 20
	maxNodes = 500
	maxPods  = 10_000
)

// preview is what a preview left in a directory; each file may be missing.
func preview(dir string) (*comment.Preview, []policyx.AnalyzerResource, error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, nil, err
	}
	p := &comment.Preview{}
	resources, err := readResources(filepath.Join(dir, resourcesFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	body, err := readFile(filepath.Join(dir, planFile))
	if err == nil {
		err = json.Unmarshal(body, &p.Plan)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("%s: %w", filepath.Join(dir, planFile), err)
	}
	output, err := readFile(filepath.Join(dir, outputFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	p.Output = string(output)
	return p, resources, nil
}

// readResources reads what snapshot.Save wrote, and refuses what is too large to simulate.
func readResources(path string) ([]policyx.AnalyzerResource, error) {
	body, err := readFile(path)
	if err != nil {
		return nil, err
	}
	resources, err := snapshot.Decode(body)
	if err == nil {
		err = bounded(model.Read(resources))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return resources, nil
}

// bounded refuses a stack that would take the scheduler longer than anybody waits.
func bounded(stack *model.Stack) error {
	pods := int64(len(stack.Pods) + len(stack.DaemonSets)*len(stack.Nodes))
	add := func(replicas ...*int32) {
		for _, n := range replicas {
			if n != nil {
				pods += int64(*n)
			}
		}
	}
	for _, d := range stack.Deployments {
		add(d.Value.Spec.Replicas)
	}
	for _, s := range stack.StatefulSets {
		add(s.Value.Spec.Replicas)
	}
	for _, r := range stack.ReplicaSets {
		add(r.Value.Spec.Replicas)
	}
	for _, j := range stack.Jobs {
		add(j.Value.Spec.Parallelism, j.Value.Spec.Completions)
	}
	switch {
	case len(stack.Nodes) > maxNodes:
		return fmt.Errorf("%d nodes: at most %d", len(stack.Nodes), maxNodes)
	case pods > maxPods:
		return fmt.Errorf("%d pods: at most %d", pods, maxPods)
	}
	return nil
}

// position is a file below the program's directory and a line.
var position = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*:[1-9][0-9]{0,6}$`)

// locate says of each violation where the program registers the resource, from a file that `make preview SOURCES=file` wrote. What is
// no position is left out; so is everything where there is no such file.
func locate(r *report.Report, path string) error {
	body, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	var sources map[string]string
	if err := json.Unmarshal(body, &sources); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for i := range r.Violations {
		if source := sources[r.Violations[i].Resource]; position.MatchString(source) {
			r.Violations[i].Source = source
		}
	}
	return nil
}

// readFile is a file's content, or an error where it is larger than maxBytes.
func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it is only read
	body, err := io.ReadAll(io.LimitReader(file, maxBytes+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxBytes {
		return nil, fmt.Errorf("%s: more than %d MiB", path, maxBytes>>20)
	}
	return body, nil
}

// reviewed is the report of these resources, as a change to the base where there is one.
func reviewed(ctx context.Context, resources, base []policyx.AnalyzerResource) *report.Report {
	if resources == nil {
		return nil
	}
	return &review.Of(ctx, resources, review.Running{Resources: base}).Report
}
