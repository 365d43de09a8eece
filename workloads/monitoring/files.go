package monitoring

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// files makes a ConfigMap for a directory that the component reads again by itself: with other content its pod, and what is only there, stays. The
// kubelet brings the content to the pod within a minute or two.
func (w *watch) files(c *component, part, directory string, content map[string]string) error {
	name := c.name + "-" + part
	made, err := corev1.NewConfigMap(w.ctx, w.child(name), &corev1.ConfigMapArgs{
		Metadata: w.meta(name, c.name), Data: pulumi.ToStringMap(content),
	}, w.options()...)
	if err != nil {
		return err
	}
	c.after = append(c.after, made)
	c.mounts = append(c.mounts, mount{part, directory, corev1.VolumeArgs{
		ConfigMap: corev1.ConfigMapVolumeSourceArgs{Name: pulumi.String(name)},
	}, true})
	return nil
}
