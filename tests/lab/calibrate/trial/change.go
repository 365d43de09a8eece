package trial

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// change makes one difference, and says in words which; nothing where it does not apply.
func (g generator) change(s *stack) string {
	workers := s.workers()
	n := &s.nodes[one(g, workers)]
	t := one(g, s.tiers)
	switch g.IntN(13) {
	case 0:
		joins := g.node(s)
		s.nodes = append(s.nodes, joins)
		return joins.name + " joins"
	case 1, 2:
		if len(workers) < 2 {
			return ""
		}
		name := n.name
		s.nodes = slices.DeleteFunc(s.nodes, func(other node) bool { return other.name == name })
		return name + " leaves"
	case 3:
		n.instanceType = one(g, instanceTypes)
		return n.name + " becomes a " + n.instanceType
	case 4:
		n.labels["group"], n.labels["storage"] = one(g, groups), one(g, disks)
		return n.name + " gets other labels"
	case 5:
		if len(n.taints) > 0 {
			n.taints = nil
			return n.name + " loses its taint"
		}
		n.taints = []corev1.Taint{g.taint()}
		return fmt.Sprintf("%s gets the taint %s", n.name, n.taints[0].ToString())
	case 6, 7:
		t.template.Spec.Containers[0].Image = "registry.example/main:2"
		return t.name + " gets another image"
	case 8:
		t.template.Spec.Containers[0].Resources.Requests[corev1.ResourceCPU] = resource.MustParse(one(g, cpus))
		return t.name + " asks for another share of a CPU"
	case 9:
		if t.volumeOn != "" || t.kind == "Pod" || t.kind == "DaemonSet" || t.kind == "Job" {
			return ""
		}
		t.replicas = int32(g.IntN(6))
		return fmt.Sprintf("%s is scaled to %d", t.name, t.replicas)
	case 10:
		if t.kind == "Deployment" {
			t.template.Spec.Containers[0].Image, t.strategy = "registry.example/main:3", appsv1.DeploymentStrategy{}
			if g.often(70) {
				t.strategy = g.rolling()
			}
			return t.name + " gets another image and strategy"
		}
		fallthrough
	case 11:
		comes := g.tier(s)
		s.tiers = append(s.tiers, comes)
		return comes.name + " comes"
	default:
		if len(s.tiers) < 2 {
			return ""
		}
		s.tiers = slices.DeleteFunc(s.tiers, func(other *tier) bool { return other == t })
		return t.name + " goes"
	}
}
