package workloads

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// mount is a directory of a container that is not its read-only root.
type mount struct {
	name, path string
	source     corev1.VolumeArgs // less its name
	readOnly   bool
}

// scratch is an empty directory that ends with the pod. A pod that fills it beyond limit is evicted.
func scratch(name, path, limit string) mount {
	return mount{name: name, path: path, source: corev1.VolumeArgs{
		EmptyDir: corev1.EmptyDirVolumeSourceArgs{SizeLimit: pulumi.String(limit)},
	}}
}

// memory is an empty directory in memory, which counts as the container's own. It ends with the pod.
func memory(name, path, limit string) mount {
	return mount{name: name, path: path, source: corev1.VolumeArgs{
		EmptyDir: corev1.EmptyDirVolumeSourceArgs{Medium: pulumi.String("Memory"), SizeLimit: pulumi.String(limit)},
	}}
}

// files are those of a ConfigMap.
func files(name, path string, config *configFiles) mount {
	return mount{name: name, path: path, readOnly: true, source: corev1.VolumeArgs{
		ConfigMap: corev1.ConfigMapVolumeSourceArgs{Name: pulumi.String(config.name)},
	}}
}

func (m mount) volume() corev1.VolumeArgs {
	volume := m.source
	volume.Name = pulumi.String(m.name)
	return volume
}

func (m mount) mount() corev1.VolumeMountArgs {
	mount := corev1.VolumeMountArgs{Name: pulumi.String(m.name), MountPath: pulumi.String(m.path)}
	if m.readOnly {
		mount.ReadOnly = pulumi.Bool(true)
	}
	return mount
}
