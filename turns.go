package main

import (
	"errors"
	"fmt"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"

	"ecommerce-platform/cluster"
	"ecommerce-platform/infra"
)

// turns holds machines back until it is their turn to change. The layer above says when that is; where there is none in
// this stack, a machine's turn comes when the one before has been changed.
//
// A resource that has to wait for another usually depends on it. Here that would make a new cluster's machines start one
// after the other, and be destroyed so. Whether the platform stands is a fact of the last update, which no graph holds: the
// program asks the engine for the stack's outputs, and holds the registration of a machine back where there are any. A
// preview changes nothing and holds nothing back.
type turns struct {
	ctx    *pulumi.Context
	stands bool
	held   map[string]*turn
}

type turn struct {
	once sync.Once
	come func(any)
	fail func(error)
}

// turns looks whether there was an update that this stack came out of whole.
func (c *Config) turns(ctx *pulumi.Context, outputs map[string]any) (*turns, error) {
	t := &turns{ctx: ctx, held: map[string]*turn{}}
	if !c.has("infra") {
		return t, nil
	}
	last := "nodes"
	if c.has("cluster") {
		last = "kubeconfig"
	}
	_, t.stands = outputs[last]
	if err := c.checkAddresses(deployed(outputs["nodes"], "privateIp", "name")); err != nil {
		return nil, err
	}
	return t, c.warnOfFullMachines(ctx, deployed(outputs["nodes"], "name", "instanceType"))
}

// deployed maps one field of the nodes of the last update to another.
func deployed(nodes any, from, to string) map[string]string {
	fields := map[string]string{}
	list, _ := nodes.([]any)
	for _, item := range list {
		node, _ := item.(map[string]any)
		key, _ := node[from].(string)
		fields[key], _ = node[to].(string)
	}
	return fields
}

// warnOfFullMachines says which machines a stack without the cluster will stop with their pods on them.
func (c *Config) warnOfFullMachines(ctx *pulumi.Context, types map[string]string) error {
	if c.has("cluster") {
		return nil
	}
	for i, node := range c.Nodes {
		was, is := types[node.Name], orDefault(node.InstanceType, c.InstanceType)
		if was == "" || was == is {
			continue
		}
		warning := fmt.Sprintf("nodes[%d].instanceType %q: %s, a %s so far, stops with the pods that it has, since this stack does not reach into the cluster; run `kubectl drain %s` first, and change one node in an update",
			i, is, node.Name, was, node.Name)
		if err := ctx.Log.Warn(warning, nil); err != nil {
			return err
		}
	}
	return nil
}

// checkAddresses refuses an address that another machine still has when it would be asked for: of a node that has another
// name now, or that is to have another address in the same update. The engine makes before it removes, and AWS gives an
// address once.
func (c *Config) checkAddresses(owners map[string]string) error {
	var found []error
	for i, node := range c.Nodes {
		if owner := owners[node.PrivateIP]; owner != "" && owner != node.Name {
			found = append(found, fmt.Errorf("nodes[%d].privateIp %q: %s has it until an update has taken it away; give %s another one, or run `pulumi up` before without it",
				i, node.PrivateIP, owner, node.Name))
		}
	}
	return errors.Join(found...)
}

// hold keeps the machines from being registered before their turn.
func (t *turns) hold(args *infra.Args) *infra.Args {
	if !t.stands || t.ctx.DryRun() {
		return args
	}
	for i := range args.Nodes {
		held := &turn{}
		args.Nodes[i].Turn, held.come, held.fail = t.ctx.NewOutput()
		t.held[args.Nodes[i].Name] = held
	}
	return args
}

// follow lets a node's turn come when what it waits for is done. It never comes where that fails.
func (t *turns) follow(node string, after pulumi.Output) {
	held := t.held[node]
	if held == nil {
		return
	}
	go func() {
		if _, err := internals.UnsafeAwaitOutput(t.ctx.Context(), after); err != nil {
			held.end(fmt.Errorf("the machine of %s stays as it is: %w", node, err))
			return
		}
		held.end(nil)
	}()
}

// followCluster lets the cluster say when.
func (t *turns) followCluster(kubernetes *cluster.Cluster) {
	for node, turn := range kubernetes.Turns {
		t.follow(node, turn)
	}
}

// followMachines changes machines one after the other, the control plane first, where another stack has the cluster.
func (t *turns) followMachines(c *Config, machines *infra.Infra) {
	if c.has("cluster") {
		return
	}
	previous := pulumi.ID("").ToIDOutput()
	for _, node := range c.inTurn() {
		t.follow(node.Name, previous)
		previous = machines.Node(node.Name).Instance.ID()
	}
}

// end is for a program that ends early: what nobody follows up would be waited for without end.
func (t *turns) end(err error) {
	if err == nil {
		return
	}
	for _, held := range t.held {
		held.end(errors.New("its turn never came"))
	}
}

func (t *turn) end(err error) {
	t.once.Do(func() {
		if err != nil {
			t.fail(err)
		} else {
			t.come(nil)
		}
	})
}
