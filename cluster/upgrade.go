package cluster

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// upgradeAll takes the workers to the control plane's version, one after the other: the pods of one move to the others
// and come back before the next one's turn. In a cluster of one version nothing happens, and nothing waits for it.
func upgradeAll(args *Args, control *node, workers []*node) error {
	var previous pulumi.Resource
	for _, worker := range workers {
		upgraded, err := upgrade(args, control, worker, previous)
		if err != nil {
			return err
		}
		previous = upgraded.Command
	}
	return nil
}

// upgrade empties a worker and replaces its kubelet. Both steps run for another version only, not whenever something
// before them does, so that a change of one worker says nothing about those after it.
func upgrade(args *Args, control, worker *node, previous pulumi.Resource) (*done, error) {
	settings := []setting{
		{"NODE_NAME", pulumi.String(worker.node.Name)},
		{"KUBERNETES_VERSION", pulumi.String(args.KubernetesVersion)},
	}
	waits := []pulumi.Resource{worker.present.Command}
	if previous != nil {
		waits = append(waits, previous)
	}
	vacated, err := control.run(step{
		name: "vacate-" + worker.node.Name, script: "vacate.sh", limit: 900, settings: settings, waits: waits,
	})
	if err != nil {
		return nil, err
	}
	return worker.run(step{
		name: "upgrade", script: "upgrade.sh", limit: 2400, after: []*done{vacated},
		settings: append(settings, setting{"IGNORE", pulumi.String(args.ignored())}),
	})
}

// ignored is the list of preflight checks in the form of kubeadm's option.
func (a *Args) ignored() string {
	return strings.Join(a.IgnorePreflightErrors, ",")
}
