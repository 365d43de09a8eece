package trial

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// resources are the kinds that scenarios declare: what the API server calls them, and whether a namespace holds them.
var resources = map[string]struct {
	schema.GroupVersionResource
	namespaced bool
}{
	"PriorityClass":         {schedulingv1.SchemeGroupVersion.WithResource("priorityclasses"), false},
	"RuntimeClass":          {nodev1.SchemeGroupVersion.WithResource("runtimeclasses"), false},
	"LimitRange":            {corev1.SchemeGroupVersion.WithResource("limitranges"), true},
	"ResourceQuota":         {corev1.SchemeGroupVersion.WithResource("resourcequotas"), true},
	"StorageClass":          {storagev1.SchemeGroupVersion.WithResource("storageclasses"), false},
	"PersistentVolume":      {corev1.SchemeGroupVersion.WithResource("persistentvolumes"), false},
	"PersistentVolumeClaim": {corev1.SchemeGroupVersion.WithResource("persistentvolumeclaims"), true},
	"Service":               {corev1.SchemeGroupVersion.WithResource("services"), true},
	"PodDisruptionBudget":   {policyv1.SchemeGroupVersion.WithResource("poddisruptionbudgets"), true},
	"Pod":                   {corev1.SchemeGroupVersion.WithResource("pods"), true},
	"DaemonSet":             {appsv1.SchemeGroupVersion.WithResource("daemonsets"), true},
	"StatefulSet":           {appsv1.SchemeGroupVersion.WithResource("statefulsets"), true},
	"ReplicaSet":            {appsv1.SchemeGroupVersion.WithResource("replicasets"), true},
	"Job":                   {batchv1.SchemeGroupVersion.WithResource("jobs"), true},
	"CronJob":               {batchv1.SchemeGroupVersion.WithResource("cronjobs"), true},
	"Deployment":            {appsv1.SchemeGroupVersion.WithResource("deployments"), true},
}

// makerKinds are the kinds that make pods, and go before those.
var makerKinds = []string{"Deployment", "StatefulSet", "ReplicaSet", "DaemonSet", cronJobKind, "Job"}

// objects are all that the stack declares, in the order in which they can be made.
func (s *stack) objects(namespace string) []*unstructured.Unstructured {
	if s == nil {
		return nil
	}
	var volumes, others, makers []*unstructured.Unstructured
	for _, t := range s.tiers {
		meta := metav1.ObjectMeta{Name: t.name, Namespace: namespace}
		if t.volumeOn != "" {
			volumes = append(volumes, t.volume(meta)...)
		}
		if t.service {
			others = append(others, plain("Service", &corev1.Service{ObjectMeta: meta, Spec: corev1.ServiceSpec{
				Selector: t.template.Labels, Ports: []corev1.ServicePort{{Port: 80}},
			}}))
		}
		if t.budget != nil {
			others = append(others, plain("PodDisruptionBudget", &policyv1.PodDisruptionBudget{ObjectMeta: meta, Spec: *t.budget}))
		}
		makers = append(makers, plain(t.kind, t.maker(meta)))
	}
	for _, t := range s.cronJobs {
		makers = append(makers, plain(t.kind, t.maker(metav1.ObjectMeta{Name: t.name, Namespace: namespace})))
	}
	return slices.Concat(s.bounds.objects(namespace), volumes, others, makers)
}

// maker is the object that makes the tier's pods, or its only pod.
func (t *tier) maker(meta metav1.ObjectMeta) any {
	selector := named(t.name)
	switch t.kind {
	case "Deployment":
		return &appsv1.Deployment{ObjectMeta: meta, Spec: appsv1.DeploymentSpec{
			Replicas: &t.replicas, Selector: selector, Template: t.template, Strategy: t.strategy,
		}}
	case "StatefulSet":
		return &appsv1.StatefulSet{ObjectMeta: meta, Spec: appsv1.StatefulSetSpec{
			Replicas: &t.replicas, Selector: selector, Template: t.template, ServiceName: t.name,
		}}
	case "ReplicaSet":
		return &appsv1.ReplicaSet{ObjectMeta: meta, Spec: appsv1.ReplicaSetSpec{Replicas: &t.replicas, Selector: selector, Template: t.template}}
	case "DaemonSet":
		return &appsv1.DaemonSet{ObjectMeta: meta, Spec: appsv1.DaemonSetSpec{Selector: selector, Template: t.template}}
	case "Job":
		template := *t.template.DeepCopy()
		template.Spec.RestartPolicy = corev1.RestartPolicyNever
		return &batchv1.Job{ObjectMeta: meta, Spec: batchv1.JobSpec{Parallelism: &t.replicas, Completions: &t.replicas, Template: template}}
	case cronJobKind:
		return t.cronJobOf(meta)
	default:
		meta.Labels = t.template.Labels
		return &corev1.Pod{ObjectMeta: meta, Spec: t.template.Spec}
	}
}

// volume is a volume on a node's disk, and the claim to it.
func (t *tier) volume(meta metav1.ObjectMeta) []*unstructured.Unstructured {
	global := metav1.ObjectMeta{Name: meta.Namespace + "-" + meta.Name}
	late, size := storagev1.VolumeBindingWaitForFirstConsumer, corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}
	mode := []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}
	volume := &corev1.PersistentVolume{ObjectMeta: global, Spec: corev1.PersistentVolumeSpec{
		StorageClassName: global.Name, Capacity: size, AccessModes: mode, PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimRetain,
		PersistentVolumeSource: corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: "/data"}},
		NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
			MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{t.volumeOn}}},
		}}}},
	}}
	if t.bound {
		volume.Spec.ClaimRef = &corev1.ObjectReference{APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: meta.Namespace, Name: meta.Name}
	}
	return []*unstructured.Unstructured{
		plain("StorageClass", &storagev1.StorageClass{ObjectMeta: global, Provisioner: "kubernetes.io/no-provisioner", VolumeBindingMode: &late}),
		plain("PersistentVolume", volume),
		plain("PersistentVolumeClaim", &corev1.PersistentVolumeClaim{ObjectMeta: meta, Spec: corev1.PersistentVolumeClaimSpec{
			StorageClassName: &global.Name, AccessModes: mode, Resources: corev1.VolumeResourceRequirements{Requests: size},
		}}),
	}
}

// plain is the object as somebody declares it: with its kind, and without what the API server fills in.
func plain(kind string, object any) *unstructured.Unstructured {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		panic(fmt.Sprintf("%s as plain values: %v", kind, err)) // a type of Kubernetes' own always can be
	}
	delete(fields, "status")
	u := &unstructured.Unstructured{Object: fields}
	u.SetGroupVersionKind(resources[kind].GroupVersion().WithKind(kind))
	for _, path := range [][]string{{}, {"spec", "template"}, {"spec", "jobTemplate"}, {"spec", "jobTemplate", "spec", "template"}} {
		unstructured.RemoveNestedField(fields, append(path, "metadata", "creationTimestamp")...)
	}
	return u
}

// key names an object among those of a scenario.
func key(u *unstructured.Unstructured) string { return u.GetKind() + " " + u.GetName() }
