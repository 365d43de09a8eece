// Command verdict answers what the policy pack says of a change, without an engine. It reads cases as JSON from its standard
// input, one after the other, and answers each. The lab compares the answers with what a real cluster does.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/checkpoint"
	"ecommerce-platform/policy/placement"
	"ecommerce-platform/policy/report"
	"ecommerce-platform/policy/review"
)

// change is two stacks as `pulumi stack export` writes them: what runs, null on a new cluster, and what is declared.
type change struct {
	Before json.RawMessage `json:"before"`
	After  json.RawMessage `json:"after"`
}

// answer is what the pack says, and the machines as it takes them to be.
type answer struct {
	Report report.Report `json:"report"`
	// Before and After are the cluster without the stack's own pods; Before is empty on a new cluster.
	Before machines `json:"before"`
	After  machines `json:"after"`
}

// machines are nodes, the pods that come with each, and the cluster's own pods that are scheduled.
type machines struct {
	Nodes     []*corev1.Node `json:"nodes"`
	Residents []*corev1.Pod  `json:"residents"`
	Addons    []*corev1.Pod  `json:"addons"`
}

func main() {
	if err := serve(context.Background(), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(ctx context.Context, in io.Reader, out io.Writer) error {
	dir, err := os.MkdirTemp("", "verdict-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	requests, answers := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var c change
		if err := requests.Decode(&c); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		a, err := c.review(ctx, filepath.Join(dir, "state.json"))
		if err != nil {
			return err
		}
		if err := answers.Encode(a); err != nil {
			return err
		}
	}
}

// review judges the change as a preview does, for which it writes what runs to the file state.
func (c change) review(ctx context.Context, state string) (a answer, err error) {
	declared, err := checkpoint.Read(c.After)
	if err != nil {
		return a, fmt.Errorf("after: %w", err)
	}
	running := review.Running{}
	if len(c.Before) > 0 && string(c.Before) != "null" {
		if a.Before, err = machinesOf(ctx, c.Before); err != nil {
			return a, fmt.Errorf("before: %w", err)
		}
		running.File = state
		if err := os.WriteFile(state, c.Before, 0o600); err != nil {
			return a, err
		}
	}
	if a.After, err = machinesOf(ctx, c.After); err != nil {
		return a, fmt.Errorf("after: %w", err)
	}
	a.Report = review.Of(ctx, declared, running).Report
	return a, nil
}

func machinesOf(ctx context.Context, exported []byte) (m machines, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	resources, err := checkpoint.Read(exported)
	if err != nil {
		return m, err
	}
	stack := model.Read(resources)
	s, err := placement.Prepare(ctx, stack, placement.NewCourse(0))
	if err != nil || s == nil {
		return m, err
	}
	for _, node := range stack.Members() {
		m.Nodes = append(m.Nodes, s.Node(node))
		m.Residents = append(m.Residents, placement.Residents(node)...)
	}
	m.Addons = s.Addons()
	return m, nil
}
