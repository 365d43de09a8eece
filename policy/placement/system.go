package placement

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"ecommerce-platform/policy/model"
)

const (
	system          = "kube-system"
	nodeCritical    = "system-node-critical"
	clusterCritical = "system-cluster-critical"
)

// controlPlanePods are the static pods that kubeadm writes on the control plane. Sources, in k8s.io/kubernetes:
// cmd/kubeadm/app/phases/controlplane/manifests.go (ComponentResources) and cmd/kubeadm/app/phases/etcd/local.go.
var controlPlanePods = []model.StaticPod{
	{Name: "kube-apiserver", Namespace: system, Requests: map[string]string{"cpu": "250m"}, HostPort: 6443},
	{Name: "kube-controller-manager", Namespace: system, Requests: map[string]string{"cpu": "200m"}},
	{Name: "kube-scheduler", Namespace: system, Requests: map[string]string{"cpu": "100m"}},
	{Name: "etcd", Namespace: system, Requests: map[string]string{"cpu": "100m", "memory": "100Mi"}},
}

// agents run on every node, whatever its taints. Sources: cmd/kubeadm/app/phases/addons/proxy/manifests.go (no requests)
// and Calico's manifests/calico.yaml.
var agents = []struct{ name, cpu string }{{"kube-proxy", ""}, {"calico-node", "250m"}}

// criticalTolerations are those of CoreDNS and calico-kube-controllers in the manifests named at addons.
var criticalTolerations = []corev1.Toleration{
	{Key: "CriticalAddonsOnly", Operator: corev1.TolerationOpExists},
	{Key: model.ControlPlaneTaint, Effect: corev1.TaintEffectNoSchedule},
}

// addons are scheduled like any pod. Sources: cmd/kubeadm/app/phases/addons/dns/manifests.go (two CoreDNS pods), what this
// program makes kubeadm add to it (cluster/dns.go), and Calico's manifests/calico.yaml.
func addons(nodes []*model.Node) []*corev1.Pod {
	var pods []*corev1.Pod
	for _, suffix := range []string{"1", "2"} {
		dns := systemPod("coredns-"+suffix, clusterCritical, map[string]string{"cpu": "100m", "memory": "70Mi"})
		dns.Labels = map[string]string{"k8s-app": "kube-dns"}
		dns.Spec.Tolerations, dns.Spec.Affinity = dnsPlace(nodes)
		controlled(dns, "ReplicaSet", "coredns")
		pods = append(pods, dns)
	}
	controllers := systemPod("calico-kube-controllers-1", clusterCritical, nil)
	controllers.Labels = map[string]string{"k8s-app": "calico-kube-controllers"}
	controllers.Spec.Tolerations = criticalTolerations
	controlled(controllers, "ReplicaSet", "calico-kube-controllers")
	return append(pods, controllers)
}

// dnsPlace keeps the pods of the DNS apart, on workers where there are two, whatever these are set aside for.
func dnsPlace(nodes []*model.Node) ([]corev1.Toleration, *corev1.Affinity) {
	apart := corev1.PodAffinityTerm{
		LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"k8s-app": "kube-dns"}},
		TopologyKey:   corev1.LabelHostname,
	}
	tolerations := slices.Clone(criticalTolerations)
	workers := 0
	for _, node := range nodes {
		if node.Role == model.ControlPlane {
			continue
		}
		workers++
		for _, taint := range node.Taints {
			tolerations = append(tolerations, corev1.Toleration{Key: taint.Key, Value: taint.Value, Effect: taint.Effect})
		}
	}
	if workers == 0 {
		return tolerations, &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
			PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{{Weight: 100, PodAffinityTerm: apart}},
		}}
	}
	place := &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
		RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{apart},
	}}
	if workers > 1 {
		worker := corev1.NodeSelectorRequirement{Key: model.ControlPlaneTaint, Operator: corev1.NodeSelectorOpDoesNotExist}
		place.NodeAffinity = &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
			NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchExpressions: []corev1.NodeSelectorRequirement{worker}}},
		}}
	}
	return tolerations, place
}

// Residents are the pods that are on a node from its first minute: static pods and agents.
func Residents(node *model.Node) []*corev1.Pod {
	var pods []*corev1.Pod
	static := node.StaticPods
	if node.Role == model.ControlPlane {
		static = append(controlPlanePods[:len(controlPlanePods):len(controlPlanePods)], static...)
	}
	for _, p := range static {
		pod := p.Pod(node.Name)
		pod.Annotations = map[string]string{corev1.MirrorPodAnnotationKey: "static"}
		pods = append(pods, complete(pod))
	}
	for _, agent := range agents {
		requests := map[string]string{}
		if agent.cpu != "" {
			requests["cpu"] = agent.cpu
		}
		pod := systemPod(agent.name+"-"+node.Name, nodeCritical, requests)
		pod.Spec.NodeName, pod.Spec.HostNetwork = node.Name, true
		pod.Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
		controlled(pod, "DaemonSet", agent.name)
		pods = append(pods, pod)
	}
	return pods
}

// systemServices are the Services that kubeadm makes; pods of one Service are spread over nodes.
func systemServices() []*corev1.Service {
	dns := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "kube-dns", Namespace: system}}
	dns.Spec.Selector = map[string]string{"k8s-app": "kube-dns"}
	dns.Spec.Ports = []corev1.ServicePort{{Name: "dns", Port: 53, Protocol: corev1.ProtocolUDP, TargetPort: intstr.FromInt32(53)}}
	return []*corev1.Service{dns}
}

func systemPod(name, priorityClass string, requests map[string]string) *corev1.Pod {
	list := corev1.ResourceList{}
	for resourceName, amount := range requests {
		list[corev1.ResourceName(resourceName)] = resource.MustParse(amount)
	}
	container, _, _ := strings.Cut(name, "-")
	return complete(&corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: system},
		Spec: corev1.PodSpec{
			PriorityClassName: priorityClass,
			NodeSelector:      map[string]string{corev1.LabelOSStable: "linux"},
			Containers:        []corev1.Container{{Name: container, Resources: corev1.ResourceRequirements{Requests: list}}},
		},
	})
}
