package workloads

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	storagev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/storage/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// storageSize matches the claim to the volume. A directory has no size of its own: the node's disk is the limit.
const storageSize = "10Gi"

// storage gives the tier a directory on one node: a volume there, a claim to it, and a class that joins the two.
//
// The volume outlives its objects: `pulumi destroy` leaves the directory, and the next `pulumi up` finds it.
func (to *target) storage(t *tier) (*corev1.PersistentVolumeClaim, error) {
	// Volumes and classes belong to no namespace, so the name says whose they are.
	name := to.args.Namespace + "-" + t.name
	meta := metav1.ObjectMetaArgs{Name: pulumi.String(name), Labels: t.labels(), Annotations: annotations()}

	class, err := storagev1.NewStorageClass(to.ctx, to.child(t.name), &storagev1.StorageClassArgs{
		Metadata:      meta,
		Provisioner:   pulumi.String("kubernetes.io/no-provisioner"),
		ReclaimPolicy: pulumi.String("Retain"),
		// The scheduler chooses the node with the volume in mind.
		VolumeBindingMode: pulumi.String("WaitForFirstConsumer"),
	}, to.options()...)
	if err != nil {
		return nil, err
	}

	spec := corev1.PersistentVolumeSpecArgs{
		Capacity:                      pulumi.StringMap{"storage": pulumi.String(storageSize)},
		AccessModes:                   pulumi.ToStringArray([]string{"ReadWriteOnce"}),
		PersistentVolumeReclaimPolicy: pulumi.String("Retain"),
		StorageClassName:              pulumi.String(name),
		VolumeMode:                    pulumi.String("Filesystem"),
		Local:                         corev1.LocalVolumeSourceArgs{Path: pulumi.String(PostgresVolumePath)},
		// No other claim may take it.
		ClaimRef: corev1.ObjectReferenceArgs{
			ApiVersion: pulumi.String("v1"), Kind: pulumi.String("PersistentVolumeClaim"),
			Namespace: pulumi.String(to.args.Namespace), Name: pulumi.String(t.name),
		},
	}
	// The API server refuses to change the node of a volume, and that is well: the data would stay behind.
	if node, ok := placementOf(t.name).first(to.args.Nodes); ok {
		spec.NodeAffinity = corev1.VolumeNodeAffinityArgs{Required: corev1.NodeSelectorArgs{
			NodeSelectorTerms: corev1.NodeSelectorTermArray{nodeIn(hostnameKey, node.Name)},
		}}
	}
	volume, err := corev1.NewPersistentVolume(to.ctx, to.child(t.name), &corev1.PersistentVolumeArgs{
		Metadata: meta, Spec: spec,
	}, to.options(pulumi.DependsOn([]pulumi.Resource{class}))...)
	if err != nil {
		return nil, err
	}

	claim := t.meta(to, t.name)
	// The provider waits until a claim of such a class is Pending, which one that is bound already never is. The
	// Deployment waits for it anyway.
	claim.Annotations = unawaited()
	return corev1.NewPersistentVolumeClaim(to.ctx, to.child(t.name), &corev1.PersistentVolumeClaimArgs{
		Metadata: claim,
		Spec: corev1.PersistentVolumeClaimSpecArgs{
			AccessModes:      pulumi.ToStringArray([]string{"ReadWriteOnce"}),
			StorageClassName: pulumi.String(name),
			VolumeMode:       pulumi.String("Filesystem"),
			Resources: corev1.VolumeResourceRequirementsArgs{
				Requests: pulumi.StringMap{"storage": pulumi.String(storageSize)},
			},
		},
	}, to.options(pulumi.DependsOn([]pulumi.Resource{volume}))...)
}
