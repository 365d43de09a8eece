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

// storage gives the one server a directory on one node: a volume there, a claim to it, and a class that joins the two. Without a
// node there is none.
//
// The volume outlives its objects: `pulumi destroy` leaves the data, and the next `pulumi up` finds them. The API server
// refuses to change the node of a volume and the volume of a claim. So their names tell the place: another place is
// another volume and another claim, and the server changes over.
func (to *target) storage(t *tier) (*corev1.PersistentVolumeClaim, error) {
	node := to.args.databaseNode()
	if node == "" {
		return nil, nil
	}
	class, err := to.storageClass(t)
	if err != nil {
		return nil, err
	}
	volume, err := to.localVolume(t, class, t.name, to.claimName(), node, corev1.ObjectReferenceArgs{
		// No other claim may take it.
		ApiVersion: pulumi.String("v1"), Kind: pulumi.String("PersistentVolumeClaim"),
		Namespace: pulumi.String(to.args.Namespace), Name: pulumi.String(to.claimName()),
	})
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
			StorageClassName: pulumi.String(to.className(t)),
			VolumeMode:       pulumi.String("Filesystem"),
			Resources: corev1.VolumeResourceRequirementsArgs{
				Requests: pulumi.StringMap{"storage": pulumi.String(claimSize)},
			},
		},
	}, to.options(pulumi.DependsOn([]pulumi.Resource{volume}))...)
}

// className is that of the class of the tier's volumes. Volumes and classes belong to no namespace, so the name says whose they are.
func (to *target) className(t *tier) string { return to.args.Namespace + "-" + t.name }

// clusterMeta is the metadata of the tier's object of this name that is in no namespace.
func (t *tier) clusterMeta(name string) metav1.ObjectMetaArgs {
	return metav1.ObjectMetaArgs{Name: pulumi.String(name), Labels: t.labels(), Annotations: annotations()}
}

// storageClass joins claims and volumes.
func (to *target) storageClass(t *tier) (pulumi.Resource, error) {
	return storagev1.NewStorageClass(to.ctx, to.child(t.name), &storagev1.StorageClassArgs{
		Metadata:      t.clusterMeta(to.className(t)),
		Provisioner:   pulumi.String("kubernetes.io/no-provisioner"),
		ReclaimPolicy: pulumi.String("Retain"),
		// The scheduler chooses the node with the volume in mind.
		VolumeBindingMode: pulumi.String("WaitForFirstConsumer"),
	}, to.options()...)
}

// localVolume is the file system on a node, under a name that tells the place. claim is who may have it; any claim where that is nil.
func (to *target) localVolume(t *tier, class pulumi.Resource, resource, place, node string, claim corev1.ObjectReferencePtrInput) (*corev1.PersistentVolume, error) {
	database := to.args.Postgres
	meta := t.clusterMeta(to.args.Namespace + "-" + place)
	if database.OwnDisk() {
		notes := annotations()
		notes[boundary.DiskAnnotation] = pulumi.String("ebs")
		meta.Annotations = notes
	}
	return corev1.NewPersistentVolume(to.ctx, to.child(resource), &corev1.PersistentVolumeArgs{
		Metadata: meta,
		Spec: corev1.PersistentVolumeSpecArgs{
			Capacity:                      pulumi.StringMap{"storage": pulumi.Sprintf("%dGi", database.VolumeGiB)},
			AccessModes:                   pulumi.ToStringArray([]string{"ReadWriteOnce"}),
			PersistentVolumeReclaimPolicy: pulumi.String("Retain"),
			StorageClassName:              pulumi.String(to.className(t)),
			VolumeMode:                    pulumi.String("Filesystem"),
			Local:                         corev1.LocalVolumeSourceArgs{Path: pulumi.String(database.data())},
			ClaimRef:                      claim,
			NodeAffinity: corev1.VolumeNodeAffinityArgs{Required: corev1.NodeSelectorArgs{
				NodeSelectorTerms: corev1.NodeSelectorTermArray{nodeIn(hostnameKey, node)},
			}},
		},
	}, to.options(pulumi.DependsOn([]pulumi.Resource{class}))...)
}

// claimName tells the place of the data.
func (to *target) claimName() string { return to.args.Postgres.Volume + "-" + to.args.databaseNode() }
