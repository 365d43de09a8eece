package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/cluster"
	"ecommerce-platform/infra"
	"ecommerce-platform/workloads"
)

var allLayers = []string{"infra", "cluster", "workloads"}

// has tells whether this stack holds the layer.
func (c *Config) has(layer string) bool { return slices.Contains(c.Layers, layer) }

// check returns every problem of the configuration in one error, each once, before anything is registered.
func (c *Config) check(found []error) error {
	for i, layer := range c.Layers {
		switch {
		case !slices.Contains(allLayers, layer):
			found = append(found, fmt.Errorf("layers[%d] %q: must be infra, cluster or workloads", i, layer))
		case slices.Index(c.Layers, layer) < i:
			found = append(found, fmt.Errorf("layers[%d] %q: duplicate of layers[%d]", i, layer, slices.Index(c.Layers, layer)))
		}
	}
	if len(c.Layers) == 0 {
		found = append(found, errors.New("layers []: at least one of infra, cluster and workloads is required"))
	}
	if c.has("infra") && c.has("workloads") && !c.has("cluster") {
		found = append(found, fmt.Errorf("layers %q: cluster lies between infra and workloads and cannot be left out", c.Layers))
	}

	nothing := &lowerLayers{
		address:    func(string) pulumi.StringOutput { return pulumi.String("").ToStringOutput() },
		instance:   func(string) pulumi.Resource { return nil },
		instanceID: func(string) pulumi.StringInput { return nil },
		identifier: "unused",
	}
	if c.has("infra") || c.has("cluster") {
		keys, err := c.keys()
		if err != nil {
			found = append(found, err)
			// With keys of any kind the layers report what else is wrong.
			keys = c.placeholderKeys()
		}
		if c.has("infra") {
			found = append(found, c.infraArgs(keys).Validate()...)
		}
		if c.has("cluster") {
			found = append(found, c.clusterArgs(keys, nothing).Validate()...)
		}
	}
	if c.has("workloads") {
		if c.DatabasePassword == "" {
			found = append(found, errors.New("databasePassword <unset>: required, set it with `pulumi config set --secret databasePassword`"))
		}
		found = append(found, c.workloadsArgs(nothing).Validate()...)
	}

	seen := map[string]bool{}
	found = slices.DeleteFunc(found, func(err error) bool {
		again := seen[err.Error()]
		seen[err.Error()] = true
		return again
	})
	return errors.Join(found...)
}

// lowerLayers is what a layer needs from those below it, wherever they are deployed.
type lowerLayers struct {
	// address gives a node's public address.
	address func(node string) pulumi.StringOutput
	// instance gives a node's machine, or nil where another stack holds it; instanceID then tells one machine from the
	// next under the same address.
	instance   func(node string) pulumi.Resource
	instanceID func(node string) pulumi.StringInput
	kubeconfig pulumi.StringOutput
	// identifier names the cluster to Kubernetes providers: known before the cluster exists and stable over its life.
	identifier string
}

// lower reads the stack below this stack's lowest layer. With the infra layer there is none.
func (c *Config) lower(ctx *pulumi.Context) (*lowerLayers, error) {
	layers := &lowerLayers{
		instance:   func(string) pulumi.Resource { return nil },
		instanceID: func(string) pulumi.StringInput { return nil },
		identifier: ctx.Project() + "/" + ctx.Stack(),
	}
	var stack *pulumi.StackReference
	var err error
	switch {
	case c.has("infra"):
		return layers, nil
	case c.has("cluster"):
		stack, err = below(ctx, c.InfraStack, "cluster", "infra")
	default:
		stack, err = below(ctx, c.ClusterStack, "workloads", "cluster")
	}
	if err != nil {
		return nil, err
	}
	layers.address = nodeField(stack, "publicIp")
	layers.instanceID = func(node string) pulumi.StringInput { return nodeField(stack, "instanceId")(node) }
	if !c.has("cluster") {
		layers.kubeconfig = stack.GetStringOutput(pulumi.String("kubeconfig"))
	}
	return layers, nil
}

// keys derives the SSH keys of the nodes, for the layers that reach them.
func (c *Config) keys() (*cluster.Keys, error) {
	if !c.has("infra") && !c.has("cluster") {
		return &cluster.Keys{}, nil
	}
	return cluster.DeriveKeys(c.KeySeed, c.nodeNames())
}

// placeholderKeys are valid keys that nothing is ever deployed with.
func (c *Config) placeholderKeys() *cluster.Keys {
	keys, err := cluster.DeriveKeys(strings.Repeat("placeholder ", 4), c.nodeNames())
	if err != nil {
		return &cluster.Keys{}
	}
	return keys
}

func (c *Config) nodeNames() []string {
	names := make([]string, len(c.Nodes))
	for i, node := range c.Nodes {
		names[i] = node.Name
	}
	return names
}

func (c *Config) infraArgs(keys *cluster.Keys) *infra.Args {
	args := &infra.Args{
		VpcCidr: c.VpcCidr, SubnetCidr: c.SubnetCidr, AvailabilityZone: c.AvailabilityZone,
		PodCidr: c.PodCidr, ServiceCidr: c.ServiceCidr,
		AdminCidrs: c.AdminCidrs, ClientCidrs: c.ClientCidrs,
		NodePort: c.NodePort, ShopPort: c.Frontend.Port, MetricsPort: cluster.MonitoringPort,
		AMIOwner: c.AMIOwner, AMIName: c.AMIName, ProtectControlPlane: c.ProtectControlPlane,
		AuthorizedKey: keys.Login.Public,
	}
	if args.SubnetCidr == "" {
		args.SubnetCidr = c.VpcCidr
	}
	// Another service's bucket is no matter of AWS's roles; what is wrong with a destination, the cluster's arguments tell.
	if place, err := cluster.ParseS3(c.Backup.Destination); err == nil && strings.HasSuffix(place.Endpoint, ".amazonaws.com") {
		args.Backup = infra.Bucket{Name: place.Bucket, Prefix: place.Prefix}
	}
	for _, node := range c.Nodes {
		host := keys.Hosts[node.Name]
		args.Nodes = append(args.Nodes, infra.Node{
			Name: node.Name, Role: node.Role, PrivateIP: node.PrivateIP,
			InstanceType:  orDefault(node.InstanceType, c.InstanceType),
			RootVolumeGiB: orDefault(node.RootVolumeGiB, c.RootVolumeGiB),
			HostKey:       secret(host.Private), HostPublicKey: host.Public,
		})
	}
	return args
}

func (c *Config) clusterArgs(keys *cluster.Keys, lower *lowerLayers) *cluster.Args {
	args := &cluster.Args{
		KubernetesVersion: c.KubernetesVersion,
		CalicoVersion:     c.CalicoVersion, CalicoManifestSHA256: c.CalicoManifestSHA256,
		PodCidr: c.PodCidr, ServiceCidr: c.ServiceCidr,
		LoginKey: secret(keys.Login.Private),
		Kubelet:  c.Kubelet, KubeProxy: c.KubeProxy, IgnorePreflightErrors: c.IgnorePreflightErrors, Containerd: c.Containerd,
		Mirrors: c.Mirrors, RegistryCAs: c.registryCAs(), NodeExporterImage: c.NodeExporterImage,
		LocalVolumes:       []string{workloads.PostgresVolumePath},
		CertificateRenewal: c.CertificateRenewal,
		Backup:             c.Backup, BackupPassword: secret(keys.Backup), Dumps: c.dumps(),
		Identifier: lower.identifier,
	}
	for _, node := range c.Nodes {
		args.Nodes = append(args.Nodes, cluster.Node{
			Name: node.Name, Role: node.Role, PrivateIP: node.PrivateIP,
			Address: lower.address(node.Name), Instance: lower.instance(node.Name), MachineID: lower.instanceID(node.Name),
			HostPublicKey: keys.Hosts[node.Name].Public,
			Labels:        node.Labels, Taints: node.Taints, Monitoring: node.Monitoring,
		})
	}
	return args
}

// registryCAs are the certificates that nodes are to trust, by registry.
func (c *Config) registryCAs() map[string]string {
	certificates := map[string]string{}
	for host, registry := range c.Registries {
		if registry.CACertificate != "" {
			certificates[host] = registry.CACertificate
		}
	}
	return certificates
}

// logins are the users of registries, by registry.
func (c *Config) logins() map[string]workloads.Login {
	logins := map[string]workloads.Login{}
	for host, registry := range c.Registries {
		if registry.Username != "" {
			logins[host] = workloads.Login{Username: registry.Username}
		}
	}
	for host, password := range c.RegistryPasswords {
		logins[host] = workloads.Login{Username: logins[host].Username, Password: password}
	}
	return logins
}

// dumps are what a backup holds of the shop.
func (c *Config) dumps() []cluster.Dump {
	var dumps []cluster.Dump
	for _, d := range workloads.Dumps(c.Namespace) {
		dumps = append(dumps, cluster.Dump(d))
	}
	return dumps
}

func (c *Config) workloadsArgs(lower *lowerLayers) *workloads.Args {
	args := &workloads.Args{
		Kubeconfig: lower.kubeconfig, Identifier: lower.identifier,
		Namespace: c.Namespace, NodePort: c.NodePort, DatabasePassword: secret(c.DatabasePassword),
		Frontend: c.Frontend, Backend: c.Backend, Postgres: c.Postgres, Redis: c.Redis,
		Logins: c.logins(),
	}
	args.Frontend.SecretEnv, args.Backend.SecretEnv = c.SecretEnv.Frontend, c.SecretEnv.Backend
	for _, node := range c.Nodes {
		if node.Role == "control-plane" {
			continue
		}
		placement := workloads.Placement{Name: node.Name, Labels: node.Labels, Address: lower.address(node.Name)}
		for _, taint := range node.Taints {
			placement.Taints = append(placement.Taints, workloads.Taint(taint))
		}
		args.Nodes = append(args.Nodes, placement)
	}
	return args
}

// below opens the stack that holds the layer below this stack's lowest one.
func below(ctx *pulumi.Context, configured, layer, lower string) (*pulumi.StackReference, error) {
	if configured == "" {
		stack, ok := strings.CutSuffix(ctx.Stack(), "-"+layer)
		if !ok {
			return nil, fmt.Errorf("%sStack <unset>: required, since this stack's name %q does not end in -%s", lower, ctx.Stack(), layer)
		}
		configured = fmt.Sprintf("%s/%s/%s-%s", ctx.Organization(), ctx.Project(), stack, lower)
	}
	return pulumi.NewStackReference(ctx, configured, nil)
}

// nodeField reads a field of a node from the nodes output of another stack.
func nodeField(stack *pulumi.StackReference, field string) func(node string) pulumi.StringOutput {
	nodes := stack.GetOutput(pulumi.String("nodes"))
	return func(name string) pulumi.StringOutput {
		return nodes.ApplyT(func(value any) (string, error) {
			list, _ := value.([]any)
			for _, item := range list {
				node, _ := item.(map[string]any)
				if text, ok := node[field].(string); ok && node["name"] == name {
					return text, nil
				}
			}
			return "", fmt.Errorf("nodes: the stack below has no node %q; run `pulumi up` there first", name)
		}).(pulumi.StringOutput)
	}
}

// nodeOutputs is what the stack exports of its nodes, and what the layer above reads.
func (c *Config) nodeOutputs(lower *lowerLayers) pulumi.Array {
	nodes := pulumi.Array{}
	for _, node := range c.Nodes {
		nodes = append(nodes, pulumi.Map{
			"name":       pulumi.String(node.Name),
			"role":       pulumi.String(node.Role),
			"privateIp":  pulumi.String(node.PrivateIP),
			"publicIp":   lower.address(node.Name),
			"instanceId": lower.instanceID(node.Name),
		})
	}
	return nodes
}

func (c *Config) controlPlane() Node { return c.Nodes[c.controlPlaneIndex()] }

func (c *Config) controlPlaneIndex() int {
	return slices.IndexFunc(c.Nodes, func(node Node) bool { return node.Role == "control-plane" })
}

func secret(text string) pulumi.StringOutput {
	return pulumi.ToSecret(pulumi.String(text)).(pulumi.StringOutput)
}

func orDefault[T comparable](value, fallback T) T {
	var unset T
	if value == unset {
		return fallback
	}
	return value
}
