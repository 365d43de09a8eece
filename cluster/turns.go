package cluster

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/cluster/step"
)

// takeTurns lets machines change one at a time, the control plane first and then the workers as they are listed: every
// worker is drained and admitted through the control plane, so that has to be as it will stay before the first one leaves,
// and the shop does not need it meanwhile. It is the order of upgrades, too.
//
// A node's step clear moves its pods away where its machine is to be another one, and waits for nothing of that machine:
// the machine waits for it. It runs when the node before has its machine, is ready and open, has its labels, and has its
// version of Kubernetes. Where it has come to nothing, because a machine could not be had, the next run takes it up again.
//
// The machines' layer holds its machines back until their turn, without a dependency in the state: on a new cluster they
// all start at once, which only the program knows, and a destroy need not take them one by one.
func takeTurns(args *Args, members []*node) (map[string]pulumi.Output, error) {
	turns := map[string]pulumi.Output{}
	var before []pulumi.Resource
	control := members[0]
	for _, member := range members {
		n := member.node
		if n.MachineType == "" {
			continue
		}
		m := control.Machine
		if member == control {
			m = m.AsItIs(args.elastic(control))
		}
		cleared, err := m.Run(step.Step{
			Name: "clear-" + n.Name, Script: "clear.sh", Limit: 900, Waits: before,
			Settings: []step.Setting{
				step.Set("NODE_NAME", pulumi.String(n.Name)),
				step.Set("MACHINE_TYPE", pulumi.String(n.MachineType)),
				step.Set("CONTROL_PLANE", pulumi.String(control.node.Name)),
			},
		})
		if err != nil {
			return nil, err
		}
		turns[n.Name] = cleared.ID()
		before = member.complete()
	}
	return turns, nil
}

// useVolumes lets nodes use all of their disks, which may have grown.
func useVolumes(members []*node) error {
	for _, n := range members {
		if n.node.VolumeGiB == 0 {
			continue
		}
		if _, err := n.Run(step.Step{
			Name: "volume", Script: "volume.sh", Limit: 600, Waits: []pulumi.Resource{n.prepared.Command},
			Settings: []step.Setting{step.Set("VOLUME_GIB", pulumi.Sprintf("%d", n.node.VolumeGiB))},
		}); err != nil {
			return err
		}
	}
	return nil
}

// elastic is the control plane's address for what comes before its machine changes. On a new cluster, where there is none
// yet, that waits like everything else.
func (a *Args) elastic(control *node) pulumi.StringInput {
	if a.Stands {
		return control.node.Elastic
	}
	return pulumi.All(control.node.Elastic, control.present.ID()).ApplyT(func(values []any) string {
		return values[0].(string)
	}).(pulumi.StringOutput)
}

// complete is what shows that a node has all that it is to have.
func (n *node) complete() []pulumi.Resource {
	all := []pulumi.Resource{n.present.Command, n.labelled}
	if n.upgraded != nil {
		all = append(all, n.upgraded.Command)
	}
	return all
}
