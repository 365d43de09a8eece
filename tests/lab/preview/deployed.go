package preview

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"ecommerce-platform/tests/lab/controlplane"
	"ecommerce-platform/tests/lab/engine"
	"ecommerce-platform/tests/lab/toolchain"
)

// running is a platform in the twin's model mode: EC2 is modelled, commands answer without running, and the API server, the
// controllers and the scheduler are real ones on the loopback interface.
type running struct {
	cluster *controlplane.Cluster
	stack   *engine.Stack
	// state is the file that holds the stack as `pulumi stack export` writes it.
	state string
}

// deploy brings the program up. What it returns is to be stopped.
func (w workplace) deploy(ctx context.Context, program string, changes map[string]any) (deployed *running, err error) {
	done := toolchain.Step("deploying the base in model mode (about 1 min)")
	defer func() { done(err) }()
	names, err := nodeNames(program, changes)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(w.dir, "controlplane")
	answers := filepath.Join(w.account(), "answers")
	for _, made := range []string{dir, answers} {
		if err := os.MkdirAll(made, 0o700); err != nil {
			return nil, err
		}
	}
	cluster, err := controlplane.Run(ctx, dir, names...)
	if err != nil {
		return nil, err
	}
	r := &running{cluster: cluster, state: filepath.Join(w.dir, "state.json")}
	if err := r.up(ctx, w, program, changes, answers); err != nil {
		return nil, errors.Join(fmt.Errorf("the base does not come up: %w", err), cluster.Stop())
	}
	return r, nil
}

// up deploys the program and exports its state.
func (r *running) up(ctx context.Context, w workplace, program string, changes map[string]any, answers string) error {
	// The step that reads the kubeconfig answers with this one.
	if err := toolchain.Copy(r.cluster.Kubeconfig, filepath.Join(answers, "kubeconfig.sh")); err != nil {
		return err
	}
	var err error
	if r.stack, _, err = w.stack(ctx, program, changes, nil); err != nil {
		return err
	}
	if _, err := r.stack.Up(ctx); err != nil {
		return err
	}
	state, err := r.stack.Export(ctx)
	if err != nil {
		return err
	}
	return state.Write(r.state)
}

func (r *running) stop() error { return r.cluster.Stop() }

// nodeNames are the nodes of a stack's config, the control plane first.
func nodeNames(program string, changes map[string]any) ([]string, error) {
	project, config, err := checkedIn(program)
	if err != nil {
		return nil, err
	}
	nodes, changed := changes["nodes"]
	if !changed {
		nodes = config[full(project, "nodes")]
	}
	body, err := json.Marshal(nodes)
	if err != nil {
		return nil, err
	}
	var list []struct{ Name, Role string }
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, fmt.Errorf("nodes: %w", err)
	}
	var first, others []string
	for _, node := range list {
		if node.Role == "control-plane" {
			first = append(first, node.Name)
		} else {
			others = append(others, node.Name)
		}
	}
	return append(first, others...), nil
}
