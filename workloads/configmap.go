package workloads

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/workloads/digest"
)

// configFiles is a ConfigMap whose keys are files of a container.
type configFiles struct {
	name      string // plain, so that a preview knows it
	configMap *corev1.ConfigMap
}

// configMap makes a ConfigMap that never changes: its name ends in a digest of its content. So other content rolls the
// pods, pods of the old version keep their files, and Pulumi deletes those after the rollout.
func (to *target) configMap(t *tier, suffix string, content map[string]string) (*configFiles, error) {
	name := t.name + "-" + suffix
	config := &configFiles{name: name + "-" + digest.Of(content)}
	var err error
	config.configMap, err = corev1.NewConfigMap(to.ctx, to.child(name), &corev1.ConfigMapArgs{
		Metadata:  t.meta(to, config.name),
		Data:      pulumi.ToStringMap(content),
		Immutable: pulumi.Bool(true),
	}, to.options()...)
	return config, err
}
