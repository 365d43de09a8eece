package cluster

import (
	"fmt"
	"maps"
	"strings"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/cluster/step"
	"ecommerce-platform/infra/boundary"
)

const (
	calicoAPI  = "crd.projectcalico.org/v1"
	workerRole = "node-role.kubernetes.io/worker"
	// machineAnnotation names the machine that a Node is on.
	machineAnnotation = "ecommerce-platform/machine"
	// taintsAnnotation lists the taints that a Node was given, for member.sh to know them when they are gone from the config.
	taintsAnnotation = "ecommerce-platform/taints"
	// managerAnnotation names who writes an object, in every run the same. Otherwise the provider draws a name for each, and
	// nobody may change what a killed run wrote and did not note in the state.
	// https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/
	managerAnnotation = "pulumi.com/patchFieldManager"
	fieldManager      = "ecommerce-platform"
	// forceAnnotation takes fields that are declared here back from whoever changed them; all others stay theirs.
	forceAnnotation = "pulumi.com/patchForce"
)

// given are the labels and taints of the Node, those of its role among them.
func (n Node) given() (labels map[string]string, taints []boundary.Taint) {
	labels, taints = map[string]string{}, n.Taints
	maps.Copy(labels, n.Labels)
	if n.Role == boundary.Worker {
		labels[workerRole] = ""
	} else {
		taints = append([]boundary.Taint{controlPlaneTaint}, taints...)
	}
	return labels, taints
}

// controlPlaneTaint is the one that kubeadm puts on a control plane.
var controlPlaneTaint = boundary.Taint{Key: "node-role.kubernetes.io/control-plane", Effect: "NoSchedule"}

// objects registers resources of the new cluster's API.
type objects struct {
	ctx      *pulumi.Context
	prefix   string
	parent   *Cluster
	provider *kubernetes.Provider
	network  []pulumi.Resource
	// start is the step that starts the cluster. Deleted, it takes what is in the cluster along where no machine does.
	start pulumi.Resource
}

// configure gives Calico the addresses of pods, without any tunnel, and the mesh over which nodes
// tell each other their routes.
func (c *Cluster) configure(ctx *pulumi.Context, prefix string, args *Args, control *node, kubeconfig pulumi.StringOutput, network *step.Done) (*objects, error) {
	provider, err := kubernetes.NewProvider(ctx, prefix+"-kubernetes", &kubernetes.ProviderArgs{
		Kubeconfig: kubeconfig,
		// While the kubeconfig is unknown this alone says that it is still the same cluster.
		ClusterIdentifier: pulumi.String(args.Identifier),
		// Otherwise a refresh takes everything out of the state whenever the API server is away. Said, not left out, so that
		// PULUMI_K8S_DELETE_UNREACHABLE, which the provider's error recommends, is without effect.
		DeleteUnreachable: pulumi.Bool(false),
		// Patches and conflict detection rest on it.
		EnableServerSideApply: pulumi.Bool(true),
	}, pulumi.Parent(c))
	if err != nil {
		return nil, err
	}
	k := &objects{ctx: ctx, prefix: prefix, parent: c, provider: provider, start: control.joined.Command}
	for _, o := range []struct {
		name, kind, object string
		spec               map[string]any
	}{
		{"pool", "IPPool", poolName, args.poolSpec()},
		{"bgp", "BGPConfiguration", "default", bgpSpec()},
	} {
		resource, err := apiextensions.NewCustomResource(ctx, prefix+"-"+o.name, &apiextensions.CustomResourceArgs{
			ApiVersion:  pulumi.String(calicoAPI),
			Kind:        pulumi.String(o.kind),
			Metadata:    managed(metav1.ObjectMetaArgs{Name: pulumi.String(o.object)}),
			OtherFields: kubernetes.UntypedArgs{"spec": o.spec},
		}, k.options(args.controlPlane().Instance, network.Command)...)
		if err != nil {
			return nil, err
		}
		k.network = append(k.network, resource)
	}
	if err := k.grant(args, network.Command); err != nil {
		return nil, err
	}
	return k, k.keepNames(args, network.Command)
}

// managed makes the program the author of what it declares of an object.
func managed(meta metav1.ObjectMetaArgs) metav1.ObjectMetaArgs {
	meta.Annotations = authorship()
	return meta
}

func authorship() pulumi.StringMap {
	return pulumi.StringMap{managerAnnotation: pulumi.String(fieldManager), forceAnnotation: pulumi.String("true")}
}

// nodes registers the labels and taints of the cluster's nodes. It returns what shows that the nodes are complete.
func (k *objects) nodes(members []*node) ([]pulumi.Resource, error) {
	var complete []pulumi.Resource
	for _, member := range members {
		complete = append(complete, member.present.Command)
		patch, err := k.node(member)
		if err != nil {
			return nil, err
		}
		member.labelled = patch
		complete = append(complete, patch)
	}
	return complete, nil
}

// node registers the labels and taints of a Node. The kubelet may not give itself a role, and what it registers is not
// corrected later; a patch is both. The control plane's own taint is always among its taints, or else it would go with
// the last one of the user's: the list is replaced as a whole. That a worker's last taint goes is left to member.sh, since
// the provider does not send an empty list.
func (k *objects) node(member *node) (pulumi.Resource, error) {
	node := member.node
	labels, taints := node.given()
	list := corev1.TaintPatchArray{}
	for _, taint := range taints {
		patch := corev1.TaintPatchArgs{Key: pulumi.String(taint.Key), Effect: pulumi.String(taint.Effect)}
		if taint.Value != "" {
			patch.Value = pulumi.String(taint.Value)
		}
		list = append(list, patch)
	}
	annotations := authorship()
	// Another machine registers a Node of its own, without any of this: the patch is due again.
	annotations[machineAnnotation] = member.ID()
	annotations[taintsAnnotation] = pulumi.String(taintNames(taints))
	args := &corev1.NodePatchArgs{Metadata: metav1.ObjectMetaPatchArgs{
		Name: pulumi.String(node.Name), Labels: pulumi.ToStringMap(labels), Annotations: annotations,
	}}
	if len(list) > 0 {
		args.Spec = corev1.NodeSpecPatchArgs{Taints: list}
	}
	patch, err := corev1.NewNodePatch(k.ctx, fmt.Sprintf("%s-%s-labels", k.prefix, node.Name), args,
		k.options(node.Instance, member.present.Command)...)
	if err != nil {
		return nil, err
	}
	return patch, nil
}

// taintNames lists taints as kubectl names them, key:effect, with a blank between two.
func taintNames(taints []boundary.Taint) string {
	names := make([]string, len(taints))
	for i, taint := range taints {
		names[i] = taint.Key + ":" + taint.Effect
	}
	return strings.Join(names, " ")
}

func (k *objects) options(deletedWith pulumi.Resource, waits ...pulumi.Resource) []pulumi.ResourceOption {
	if deletedWith == nil {
		deletedWith = k.start
	}
	return []pulumi.ResourceOption{
		pulumi.Parent(k.parent), pulumi.Provider(k.provider), pulumi.DependsOn(waits), pulumi.DeletedWith(deletedWith),
	}
}
