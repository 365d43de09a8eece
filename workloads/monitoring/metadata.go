package monitoring

import (
	"maps"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Labels that name a pod's component and what it is a part of.
const (
	nameLabel   = "app.kubernetes.io/name"
	partOfLabel = "app.kubernetes.io/part-of"
	partOf      = "ecommerce-platform"
)

// child names a resource: its Pulumi name, not the one in Kubernetes.
func (w *watch) child(part string) string { return w.prefix + "-" + part }

// options are those of every resource, and what it waits for.
func (w *watch) options(waits ...pulumi.Resource) []pulumi.ResourceOption {
	return append(w.Options[:len(w.Options):len(w.Options)], pulumi.DependsOn(waits))
}

// meta is the metadata of an object of the namespace, of a component where it has one.
func (w *watch) meta(object, component string) metav1.ObjectMetaArgs {
	return metav1.ObjectMetaArgs{
		Name: pulumi.String(object), Namespace: pulumi.String(Namespace), Labels: w.labels(component), Annotations: w.Annotations,
	}
}

// metaOf is the metadata of an object of the component's name, where the component runs.
func (w *watch) metaOf(c *component) metav1.ObjectMetaArgs {
	meta := w.meta(c.name, c.name)
	meta.Namespace = pulumi.String(c.place())
	return meta
}

// clusterMeta is the metadata of an object that is in no namespace.
func (w *watch) clusterMeta(object, component string) metav1.ObjectMetaArgs {
	meta := w.meta(object, component)
	meta.Namespace = nil
	return meta
}

func (w *watch) labels(component string) pulumi.StringMap {
	labels := maps.Clone(w.Labels)
	if component != "" {
		maps.Copy(labels, selector(component))
		labels["app.kubernetes.io/component"] = pulumi.String("monitoring")
	}
	return labels
}

// selector selects the pods of a component.
func selector(component string) pulumi.StringMap {
	return pulumi.StringMap{nameLabel: pulumi.String(component), partOfLabel: pulumi.String(partOf)}
}

// createNamespace makes the namespace, which keeps the Pod Security Standard restricted, and has every later resource wait for it.
func (w *watch) createNamespace() error {
	labels := w.labels("")
	for _, mode := range []string{"enforce", "audit", "warn"} {
		labels["pod-security.kubernetes.io/"+mode] = pulumi.String("restricted")
		labels["pod-security.kubernetes.io/"+mode+"-version"] = pulumi.String("latest")
	}
	namespace, err := corev1.NewNamespace(w.ctx, w.child("namespace"), &corev1.NamespaceArgs{
		Metadata: metav1.ObjectMetaArgs{Name: pulumi.String(Namespace), Labels: labels, Annotations: w.Annotations},
	}, w.options()...)
	if err != nil {
		return err
	}
	args := *w.Args
	args.Options = w.options(namespace)
	w.Args = &args
	return nil
}
