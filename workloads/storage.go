package workloads

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	storagev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/storage/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/infra/boundary"
)

// claimSize matches the claim to the volume and is at most its size: a claim on a static volume can never grow with it.
const claimSize = "1Gi"

// storage gives the tier a directory on one node: a volume there, a claim to it, and a class that joins the two. Without a
// node there is none.
//
// The volume outlives its objects: `pulumi destroy` leaves the data, and the next `pulumi up` finds them. The API server
// refuses to change the node of a volume and the volume of a claim. So their names tell the place: another place is
// another volume and another claim, and the server changes over.
func (to *target) storage(t *tier) (*corev1.PersistentVolumeClaim, error) {
	database, node := to.args.Postgres, to.args.DatabaseNode()
	if node == "" {
		return nil, nil
	}
	// Volumes and classes belong to no namespace, so the name says whose they are.
	class := to.args.Namespace + "-" + t.name
	name := to.args.Namespace + "-" + to.claimName()
	meta := func(name string) metav1.ObjectMetaArgs {
		return metav1.ObjectMetaArgs{Name: pulumi.String(name), Labels: t.labels(), Annotations: annotations()}
	}

	joins, err := storagev1.NewStorageClass(to.ctx, to.child(t.name), &storagev1.StorageClassArgs{
		Metadata:      meta(class),
		Provisioner:   pulumi.String("kubernetes.io/no-provisioner"),
		ReclaimPolicy: pulumi.String("Retain"),
		// The scheduler chooses the node with the volume in mind.
		VolumeBindingMode: pulumi.String("WaitForFirstConsumer"),
	}, to.options()...)
	if err != nil {
		return nil, err
	}

	place := meta(name)
	if database.OwnDisk() {
		notes := annotations()
		notes[boundary.DiskAnnotation] = pulumi.String("ebs")
		place.Annotations = notes
	}
	volume, err := corev1.NewPersistentVolume(to.ctx, to.child(t.name), &corev1.PersistentVolumeArgs{
		Metadata: place,
		Spec: corev1.PersistentVolumeSpecArgs{
			Capacity:                      pulumi.StringMap{"storage": pulumi.Sprintf("%dGi", database.VolumeGiB)},
			AccessModes:                   pulumi.ToStringArray([]string{"ReadWriteOnce"}),
			PersistentVolumeReclaimPolicy: pulumi.String("Retain"),
			StorageClassName:              pulumi.String(class),
			VolumeMode:                    pulumi.String("Filesystem"),
			Local:                         corev1.LocalVolumeSourceArgs{Path: pulumi.String(database.data())},
			// No other claim may take it.
			ClaimRef: corev1.ObjectReferenceArgs{
				ApiVersion: pulumi.String("v1"), Kind: pulumi.String("PersistentVolumeClaim"),
				Namespace: pulumi.String(to.args.Namespace), Name: pulumi.String(to.claimName()),
			},
			NodeAffinity: corev1.VolumeNodeAffinityArgs{Required: corev1.NodeSelectorArgs{
				NodeSelectorTerms: corev1.NodeSelectorTermArray{nodeIn(hostnameKey, node)},
			}},
		},
	}, to.options(pulumi.DependsOn([]pulumi.Resource{joins}))...)
	if err != nil {
		return nil, err
	}

	claim := t.meta(to, to.claimName())
	// The provider waits until a claim of such a class is Pending, which one that is bound already never is. The
	// Deployment waits for it anyway.
	claim.Annotations = unawaited()
	return corev1.NewPersistentVolumeClaim(to.ctx, to.child(t.name), &corev1.PersistentVolumeClaimArgs{
		Metadata: claim,
		Spec: corev1.PersistentVolumeClaimSpecArgs{
			AccessModes:      pulumi.ToStringArray([]string{"ReadWriteOnce"}),
			StorageClassName: pulumi.String(class),
			VolumeMode:       pulumi.String("Filesystem"),
			Resources: corev1.VolumeResourceRequirementsArgs{
				Requests: pulumi.StringMap{"storage": pulumi.String(claimSize)},
			},
		},
	}, to.options(pulumi.DependsOn([]pulumi.Resource{volume}))...)
}

// claimName tells the place of the data.
func (to *target) claimName() string { return to.args.Postgres.Volume + "-" + to.args.DatabaseNode() }
