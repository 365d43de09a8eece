package cluster

import (
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// node is a machine on its way into the cluster.
type node struct {
	*machine
	prepared *done
	joined   *done // the kubelet runs and belongs to the cluster
	present  *done // the cluster sees the node ready
}

// nodeScripts are the scripts that a node of this role needs.
func nodeScripts(role string) []string {
	both := []string{library, "packages.sh", "version.sh", "prepare.sh", "static-pod.sh", "renewal.sh", "certificates.sh"}
	if role == ControlPlane {
		return append(both, "evict.sh", "components.sh", "repository.sh", "restore.sh", "init.sh", "calico.sh", "kubeconfig.sh", "admit.sh", "member.sh",
			"vacate.sh", "drain.sh", "ready.sh", "backup-password.sh", "backup.sh", "schedule.sh", "restore-data.sh")
	}
	return append(both, "request.sh", "join.sh", "upgrade.sh", "reset.sh")
}

// prepare installs the container runtime and Kubernetes' own packages on a machine.
func (c *Cluster) prepare(ctx *pulumi.Context, prefix string, args *Args, n Node) (*node, error) {
	m, err := c.newMachine(ctx, prefix, args, n)
	if err != nil {
		return nil, err
	}
	settings := []setting{
		{"NODE_IP", pulumi.String(n.PrivateIP)},
		{"KUBERNETES_VERSION", pulumi.String(args.KubernetesVersion)},
		{"PAUSE_IMAGE", pulumi.String(pauseImage)},
		{"PACKAGES", pulumi.String(args.Mirrors.Packages)},
		{"SWAP", pulumi.String("off")},
	}
	if args.keepsSwap() {
		settings[len(settings)-1].value = pulumi.String("keep")
	}
	if args.Mirrors.Images != "" {
		settings = append(settings, setting{"REGISTRIES", pulumi.String(strings.Join(mirroredRegistries, " "))})
	}
	files := []string{containerdFile, hostsFile, packagesKeyFile}
	if trusted := slices.Sorted(maps.Keys(args.RegistryCAs)); len(trusted) > 0 {
		settings = append(settings, setting{"TRUSTED", pulumi.String(strings.Join(trusted, " "))})
		for _, registry := range trusted {
			files = append(files, registry+trustSuffix, registry+certificatesSuffix)
		}
	}
	if n.Role == Worker {
		settings = append(settings, setting{"LOCAL_VOLUMES", pulumi.String(strings.Join(args.LocalVolumes, " "))})
	}
	prepared, err := m.run(step{
		name: "prepare", script: "prepare.sh", limit: 2700, settings: settings,
		files: files,
	})
	return &node{machine: m, prepared: prepared}, err
}

// prepareAll prepares the machines, all at once.
func (c *Cluster) prepareAll(ctx *pulumi.Context, prefix string, args *Args) (control *node, workers []*node, err error) {
	for _, n := range args.Nodes {
		prepared, err := c.prepare(ctx, prefix, args, n)
		if err != nil {
			return nil, nil, err
		}
		if n.Role == ControlPlane {
			control = prepared
		} else {
			workers = append(workers, prepared)
		}
	}
	return control, workers, nil
}

// initialize starts the control plane, from a backup where one is to be restored, or takes a running one to the
// configured version and settings.
func initialize(args *Args, n *node) error {
	password, err := keepBackupPassword(args, n)
	if err != nil {
		return err
	}
	n.joined, err = n.run(step{
		name: "init", script: "init.sh", limit: 5400, files: []string{kubeadmFile}, after: []*done{n.prepared},
		waits: args.Backup.restoresWith(password),
		settings: append([]setting{
			{"NODE_NAME", pulumi.String(n.node.Name)},
			{"ENDPOINT", pulumi.String(args.endpoint())},
			{"ADDRESS", n.node.Address},
			{"KUBERNETES_VERSION", pulumi.String(args.KubernetesVersion)},
			{"POD_CIDR", pulumi.String(args.PodCidr)},
			{"SERVICE_CIDR", pulumi.String(args.ServiceCidr)},
			{"IGNORE", pulumi.String(args.ignored())},
		}, append(args.renewal(), args.Backup.restoring()...)...),
	})
	n.present = n.joined
	return err
}

// installNetwork installs Calico, which has no addresses to hand out before there is a pool, and needs no node to be installed.
func installNetwork(args *Args, control *node) (*done, error) {
	return control.run(step{
		name: "calico", script: "calico.sh", limit: 1200, files: []string{kustomizationFile}, after: []*done{control.joined},
		settings: []setting{
			{"MANIFEST_URL", pulumi.String(args.calicoURL())},
			{"MANIFEST_SHA256", pulumi.String(args.CalicoManifestSHA256)},
		},
	})
}

// readKubeconfig reads the administrator's kubeconfig, again whenever the control plane was touched.
func readKubeconfig(control *node) (*done, error) {
	return control.run(step{
		name: "kubeconfig", script: "kubeconfig.sh", limit: 120, output: secret, after: []*done{control.joined},
		settings: []setting{{"ADDRESS", control.node.Address}},
	})
}

// joinAll brings in the workers, all at once, and returns every node of the cluster. Workers of an older version
// than the control plane follow it then, one at a time.
func joinAll(args *Args, control *node, workers []*node, network *done) ([]*node, error) {
	for _, worker := range workers {
		if err := join(args, control, worker, network); err != nil {
			return nil, err
		}
	}
	if err := upgradeAll(args, control, workers); err != nil {
		return nil, err
	}
	return append([]*node{control}, workers...), nil
}

// join makes a worker part of the cluster. The worker draws a key that never leaves it and asks
// for a certificate, the control plane signs it, and kubeadm joins with that: what passes through
// here is public, and a join that failed can be repeated as long as the certificate lives, a year.
// A token would be a secret in the state, and a dead one by the time a join is repeated.
func join(args *Args, control, worker *node, network *done) error {
	name := setting{"NODE_NAME", pulumi.String(worker.node.Name)}
	request, err := worker.run(step{
		name: "request", script: "request.sh", limit: 120, output: data, after: []*done{worker.prepared},
		settings: []setting{name},
	})
	if err != nil {
		return err
	}
	admission, err := control.run(step{
		name: "admit-" + worker.node.Name, script: "admit.sh", limit: 300, output: data, after: []*done{control.joined},
		stdin:    request.Stdout,
		settings: []setting{name, {"ENDPOINT", pulumi.String(args.endpoint())}},
	})
	if err != nil {
		return err
	}
	worker.joined, err = worker.run(step{
		name: "join", script: "join.sh", limit: 1500, files: []string{kubeadmFile}, after: []*done{worker.prepared, admission},
		stdin:    admission.Stdout,
		settings: append([]setting{name, {"ENDPOINT", pulumi.String(args.endpoint())}, {"KUBERNETES_VERSION", pulumi.String(args.KubernetesVersion)}}, args.renewal()...),
		undo:     &undo{script: "reset.sh", limit: 600},
	})
	if err != nil {
		return err
	}
	// Deleted before the join is: a worker leaves by being drained, then by forgetting the cluster. A machine that is to be
	// another one leaves the same way first.
	worker.present, err = control.run(step{
		name: "member-" + worker.node.Name, script: "member.sh", limit: 1200, of: worker.machine, after: []*done{worker.joined}, waits: []pulumi.Resource{network.Command},
		settings: []setting{name, {"NODE_IP", pulumi.String(worker.node.PrivateIP)}},
		undo:     &undo{script: "drain.sh", limit: 1200, settings: []setting{name}},
	})
	return err
}

// monitor runs the monitoring agent as a static pod on the nodes that are to have one.
func monitor(members []*node) error {
	for _, n := range members {
		if n.node.Monitoring {
			if err := monitorNode(n); err != nil {
				return err
			}
		}
	}
	return nil
}

func monitorNode(n *node) error {
	_, err := n.run(step{
		name: "monitoring", script: "static-pod.sh", limit: 600, files: []string{staticPodFile}, after: []*done{n.joined},
		settings: []setting{
			{"ACTION", pulumi.String("install")},
			{"MANIFEST", pulumi.String(staticPodFile)},
			{"HEALTH", pulumi.Sprintf("http://%s:%d/", n.node.PrivateIP, MonitoringPort)},
		},
		undo: &undo{script: "static-pod.sh", limit: 120, settings: []setting{
			{"ACTION", pulumi.String("remove")},
			{"MANIFEST", pulumi.String(staticPodFile)},
		}},
	})
	return err
}

// awaitServices waits for what needs the whole network: Calico routes on every node, its controllers run and names resolve.
func awaitServices(control *node, network *done, complete []pulumi.Resource) (*done, error) {
	return control.run(step{
		name: "ready", script: "ready.sh", limit: 1320, after: []*done{network}, waits: complete,
	})
}
