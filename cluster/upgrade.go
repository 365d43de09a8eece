package cluster

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/cluster/step"
)

// upgradeAll takes the workers to the control plane's version, one after the other: the pods of one move to the others
// and come back before the next one's turn. In a cluster of one version nothing happens, and nothing waits for it.
func upgradeAll(args *Args, control *node, workers []*node) error {
	var previous pulumi.Resource
	for _, worker := range workers {
		var err error
		if worker.upgraded, err = upgrade(args, control, worker, previous); err != nil {
			return err
		}
		previous = worker.upgraded.Command
	}
	return nil
}

// upgrade empties a worker and replaces its container runtime and kubelet. Both steps run for another version only, not whenever something
// before them does, so that a change of one worker says nothing about those after it.
func upgrade(args *Args, control, worker *node, previous pulumi.Resource) (*step.Done, error) {
	settings := []step.Setting{
		step.Set("NODE_NAME", pulumi.String(worker.node.Name)),
		step.Set("KUBERNETES_VERSION", pulumi.String(args.KubernetesVersion)),
		step.Set("CONTAINERD_VERSION", pulumi.String(args.ContainerdVersion)),
	}
	waits := []pulumi.Resource{worker.present.Command}
	if previous != nil {
		waits = append(waits, previous)
	}
	vacated, err := control.Run(step.Step{
		Name: "vacate-" + worker.node.Name, Script: "vacate.sh", Limit: 900, Settings: settings, Waits: waits,
	})
	if err != nil {
		return nil, err
	}
	return worker.Run(step.Step{
		Name: "upgrade", Script: "upgrade.sh", Limit: 4200, After: []*step.Done{vacated},
		Settings: append(settings, step.Set("IGNORE", pulumi.String(args.ignored()))),
	})
}

// ignored is the list of preflight checks in the form of kubeadm's option.
func (a *Args) ignored() string {
	return strings.Join(a.IgnorePreflightErrors, ",")
}
