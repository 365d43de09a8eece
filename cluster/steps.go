package cluster

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/cluster/step"
	"ecommerce-platform/infra/boundary"
)

// node is a machine on its way into the cluster.
type node struct {
	*step.Machine
	node     Node
	prepared *step.Done
	joined   *step.Done // the kubelet runs and belongs to the cluster
	present  *step.Done // the cluster sees the node ready
	upgraded *step.Done // it runs the cluster's version, on a worker
	labelled pulumi.Resource
	// certified are the steps that make certificates there after it has joined.
	certified []*step.Done
}

// nodeScripts are the scripts that a node of this role needs.
func nodeScripts(role string) []string {
	both := []string{library, "serving.sh", "packages.sh", "containerd.sh", "version.sh", "metadata.sh", "prepare.sh", "static-pod.sh", "renewal.sh", "certificates.sh", "volume.sh", "os-update.sh", "login-keys.sh", "units.sh", "journal.sh"}
	if role == boundary.ControlPlane {
		return append(both, "evict.sh", "components.sh", "manifests.sh", "encryption.sh", "repository.sh", "restore.sh", "init.sh", "published.sh", "calico.sh", "definitions.sh", "kubeconfig.sh", "signing.sh", "role-kubeconfig.sh", "admit.sh", "member.sh",
			"vacate.sh", "turn.sh", "clear.sh", "drain.sh", "ready.sh", "metrics-server.sh", "backup-password.sh", "told.sh", "backup.sh", "schedule.sh", "restore-data.sh")
	}
	return append(both, "local-volumes.sh", "request.sh", "join.sh", "upgrade.sh", "reset.sh")
}

// machine connects to a node's machine and uploads what its steps need.
func (c *Cluster) machine(ctx *pulumi.Context, prefix string, args *Args, n Node) (*step.Machine, error) {
	files, err := args.nodeFiles(n)
	if err != nil {
		return nil, fmt.Errorf("node %s: %w", n.Name, err)
	}
	all, err := scripts()
	if err != nil {
		return nil, err
	}
	return step.NewMachine(ctx, prefix, &step.MachineArgs{
		Parent: c, Name: n.Name, ID: n.machineID(), Instance: n.Instance,
		Address: n.Address, HostPublicKey: n.HostPublicKey, LoginKey: args.LoginKey,
		Scripts: all, Uploaded: nodeScripts(n.Role), Files: files,
	})
}

// machineID is known to change when the machine is another one under the same address.
func (n Node) machineID() pulumi.StringInput {
	if n.MachineID != nil {
		return n.MachineID
	}
	if instance, ok := n.Instance.(pulumi.CustomResource); ok {
		return instance.ID().ToStringOutput()
	}
	return pulumi.String("")
}

// prepare installs the container runtime and Kubernetes' own packages on a machine.
func (c *Cluster) prepare(ctx *pulumi.Context, prefix string, args *Args, n Node) (*node, error) {
	m, err := c.machine(ctx, prefix, args, n)
	if err != nil {
		return nil, err
	}
	settings := []step.Setting{
		step.Set("NODE_IP", pulumi.String(n.PrivateIP)),
		step.Set("KUBERNETES_VERSION", pulumi.String(args.KubernetesVersion)),
		step.Set("CONTAINERD_VERSION", pulumi.String(args.ContainerdVersion)),
		step.Set("PACKAGES", pulumi.String(args.Mirrors.Packages)),
		step.Set("SWAP", pulumi.String("off")),
	}
	if args.keepsSwap() {
		settings[len(settings)-1].Value = pulumi.String("keep")
	}
	if args.Mirrors.Images != "" {
		settings = append(settings, step.Set("REGISTRIES", pulumi.String(strings.Join(args.mirroredRegistries(), " "))))
	}
	files := []string{containerdFile, hostsFile, packagesKeyFile}
	if trusted := slices.Sorted(maps.Keys(args.RegistryCAs)); len(trusted) > 0 {
		settings = append(settings, step.Set("TRUSTED", pulumi.String(strings.Join(trusted, " "))))
		for _, registry := range trusted {
			files = append(files, registry+trustSuffix, registry+certificatesSuffix)
		}
	}
	prepared, err := m.Run(step.Step{
		Name: "prepare", Script: "prepare.sh", Limit: 5400, Settings: settings,
		Files: files,
	})
	return &node{Machine: m, node: n, prepared: prepared}, err
}

// prepareAll prepares the machines, all at once.
func (c *Cluster) prepareAll(ctx *pulumi.Context, prefix string, args *Args) (control *node, workers []*node, err error) {
	for _, n := range args.Nodes {
		prepared, err := c.prepare(ctx, prefix, args, n)
		if err != nil {
			return nil, nil, err
		}
		if n.Role == boundary.ControlPlane {
			control = prepared
		} else {
			workers = append(workers, prepared)
		}
	}
	return control, workers, nil
}

// asked is the setting of a text of which another one asks for something again. A cluster that never had one has none.
func asked(name, text string) []step.Setting {
	if text == "" {
		return nil
	}
	return []step.Setting{step.Set(name, pulumi.String(text))}
}

// initialize starts the control plane, from a backup where one is to be restored, or takes a running one to the
// configured version and settings.
func initialize(args *Args, n *node, workers []*node) error {
	password, err := keepBackupPassword(args, n)
	if err != nil {
		return err
	}
	// With backups, a machine that takes another one's place starts from the newest.
	var waits []pulumi.Resource
	var again []step.Setting
	if password != nil {
		waits, again = []pulumi.Resource{password.Command}, []step.Setting{step.Set("KNOWN", pulumi.String("yes"))}
	}
	n.joined, err = n.Run(step.Step{
		Name: "init", Script: "init.sh", Limit: 10800, Files: []string{kubeadmFile}, After: []*step.Done{n.prepared},
		Waits: waits, Again: again,
		Settings: append([]step.Setting{
			step.Set("NODE_NAME", pulumi.String(n.node.Name)),
			step.Set("ENDPOINT", pulumi.String(args.endpoint())),
			step.Set("ADDRESS", n.node.Address),
			step.Set("KUBERNETES_VERSION", pulumi.String(args.KubernetesVersion)),
			step.Set("CONTAINERD_VERSION", pulumi.String(args.ContainerdVersion)),
			step.Set("POD_CIDR", pulumi.String(args.PodCidr)),
			step.Set("SERVICE_CIDR", pulumi.String(args.ServiceCidr)),
			step.Set("IGNORE", pulumi.String(args.ignored())),
		}, slices.Concat(args.renewal(), asked("SECRETS_KEY_ROTATION", args.SecretsKeyRotation), args.Backup.restoring())...),
	})
	if err != nil {
		return err
	}
	for _, member := range append(workers, n) {
		member.GoesWith(n.joined.Command)
	}
	return nil
}

// installNetwork installs Calico, which has no addresses to hand out before there is a pool, and needs no node to be installed.
func installNetwork(args *Args, control *node) (*step.Done, error) {
	return control.Run(step.Step{
		Name: "calico", Script: "calico.sh", Limit: 1200, Files: []string{kustomizationFile}, After: []*step.Done{control.joined},
		Settings: []step.Setting{
			step.Set("CALICO_VERSION", pulumi.String(args.CalicoVersion)),
			step.Set("MANIFEST_URL", pulumi.String(args.calicoURL())),
			step.Set("MANIFEST_SHA256", pulumi.String(args.CalicoManifestSHA256)),
		},
	})
}

// readKubeconfig reads the administrator's kubeconfig, again whenever the control plane was touched.
func readKubeconfig(control *node) (*step.Done, error) {
	return control.Run(step.Step{
		Name: "kubeconfig", Script: "kubeconfig.sh", Limit: 120, Output: step.Secret, After: []*step.Done{control.joined},
		Settings: []step.Setting{step.Set("ADDRESS", control.node.Address)},
	})
}

// joinAll brings in the workers, all at once, and returns every node of the cluster. Workers of an older version
// than the control plane follow it then, one at a time.
func joinAll(args *Args, control *node, workers []*node, network *step.Done) ([]*node, error) {
	for _, worker := range workers {
		if err := join(args, control, worker, network); err != nil {
			return nil, err
		}
	}
	var err error
	if control.present, err = see(control, control, network); err != nil {
		return nil, err
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
func join(args *Args, control, worker *node, network *step.Done) error {
	name := step.Set("NODE_NAME", pulumi.String(worker.node.Name))
	request, err := worker.Run(step.Step{
		Name: "request", Script: "request.sh", Limit: 120, Output: step.Data, After: []*step.Done{worker.prepared},
		Settings: []step.Setting{name},
	})
	if err != nil {
		return err
	}
	admission, err := control.Run(step.Step{
		Name: "admit-" + worker.node.Name, Script: "admit.sh", Limit: 300, Output: step.Data, After: []*step.Done{control.joined},
		Stdin:    request.Stdout,
		Settings: []step.Setting{name, step.Set("NODE_IP", pulumi.String(worker.node.PrivateIP)), step.Set("ENDPOINT", pulumi.String(args.endpoint()))},
	})
	if err != nil {
		return err
	}
	volumes, err := makeVolumes(worker)
	if err != nil {
		return err
	}
	worker.joined, err = worker.Run(step.Step{
		Name: "join", Script: "join.sh", Limit: 1500, Files: []string{kubeadmFile}, After: []*step.Done{worker.prepared, admission}, Waits: volumes,
		Stdin:    admission.Stdout,
		Settings: append([]step.Setting{name, step.Set("ENDPOINT", pulumi.String(args.endpoint())), step.Set("KUBERNETES_VERSION", pulumi.String(args.KubernetesVersion))}, args.renewal()...),
		Undo:     &step.Undo{Script: "reset.sh", Limit: 600},
	})
	if err != nil {
		return err
	}
	worker.present, err = see(control, worker, network)
	return err
}

// makeVolumes makes the local volumes of a node, where it has some. Nothing undoes that: what holds data stays.
func makeVolumes(n *node) ([]pulumi.Resource, error) {
	if len(n.node.Volumes) == 0 {
		return nil, nil
	}
	volumes := make(pulumi.StringArray, len(n.node.Volumes))
	for i, volume := range n.node.Volumes {
		volumes[i] = pulumi.Sprintf("%s=%d", volume.Directory, volume.GiB)
		if volume.DiskID != nil {
			volumes[i] = pulumi.Sprintf("%s=%d=%s", volume.Directory, volume.GiB, volume.DiskID)
		}
	}
	made, err := n.Run(step.Step{
		Name: "volumes", Script: "local-volumes.sh", Limit: 600, After: []*step.Done{n.prepared},
		Settings: []step.Setting{step.Set("VOLUMES", joined(volumes))},
	})
	if err != nil {
		return nil, err
	}
	return []pulumi.Resource{made.Command}, nil
}

// joined are words of a line.
func joined(words pulumi.StringArray) pulumi.StringOutput {
	return words.ToStringArrayOutput().ApplyT(func(words []string) string { return strings.Join(words, " ") }).(pulumi.StringOutput)
}

// see waits until the cluster sees a node as ready, and opens it where it was closed for a change of its machine.
func see(control, n *node, network *step.Done) (*step.Done, error) {
	name := step.Set("NODE_NAME", pulumi.String(n.node.Name))
	_, taints := n.node.given()
	s := step.Step{
		Name: "member-" + n.node.Name, Script: "member.sh", Limit: 2700, After: []*step.Done{n.joined}, Waits: []pulumi.Resource{network.Command},
		Settings: []step.Setting{
			name, step.Set("NODE_IP", pulumi.String(n.node.PrivateIP)), step.Set("TAINTS", pulumi.String(taintNames(taints))),
		},
	}
	if n.node.MachineType != "" {
		s.Settings = append(s.Settings, step.Set("MACHINE_TYPE", pulumi.String(n.node.MachineType)))
	}
	if n != control {
		// Deleted before the join is: a worker leaves by being drained, then by forgetting the cluster. A machine that is to
		// be another one leaves the same way first.
		s.Of = n.Machine
		s.Undo = &step.Undo{Script: "drain.sh", Limit: 1500, Settings: []step.Setting{name}}
	}
	return control.Run(s)
}

// awaitServices waits for what needs the whole network: Calico routes on every node, its controllers run and names resolve.
func awaitServices(control *node, network *step.Done, complete []pulumi.Resource) (*step.Done, error) {
	return control.Run(step.Step{
		Name: "ready", Script: "ready.sh", Limit: 1320, Files: []string{dnsPatchFile}, After: []*step.Done{network}, Waits: complete,
	})
}
