package trial

import "fmt"

// Running is the stack that the scenario begins with, as the whole of a scenario.
func (s Scenario) Running() Scenario {
	if s.before != nil {
		s.after = s.before
	}
	s.before, s.Changes = nil, nil
	return s
}

// Changed tells whether something runs before.
func (s Scenario) Changed() bool { return s.before != nil }

// Exported are the stacks before and after as `pulumi stack export` writes them. On a new cluster, before is nil.
func (s Scenario) Exported() (before, after map[string]any) {
	return s.before.exported(s.name), s.after.exported(s.name)
}

// exported is the stack as `pulumi stack export` writes it.
func (s *stack) exported(namespace string) map[string]any {
	if s == nil {
		return nil
	}
	var all []map[string]any
	add := func(token, name string, inputs map[string]any) {
		all = append(all, map[string]any{
			"urn": "urn:pulumi:dev::shop::" + token + "::" + name, "type": token, "custom": true, "inputs": inputs,
		})
	}
	kubelet := map[string]any{}
	if s.maxPods > 0 {
		kubelet["maxPods"] = s.maxPods
	}
	if s.reserved > 0 {
		kubelet["systemReserved"] = map[string]any{"cpu": fmt.Sprintf("%dm", s.reserved)}
	}
	add("ecommerce-platform:cluster:Cluster", "platform", map[string]any{"kubelet": kubelet, "nodes": []any{}})
	for _, n := range s.nodes {
		role := "worker"
		if n.controlPlane {
			role = "control-plane"
		}
		add("aws:ec2/instance:Instance", n.name, map[string]any{"instanceType": n.instanceType, "tags": map[string]any{"Role": role}})
		labels := map[string]any{caseLabel: namespace}
		for name, value := range n.labels {
			labels[name] = value
		}
		patch := map[string]any{"metadata": map[string]any{"name": n.name, "labels": labels}}
		if !n.controlPlane {
			taints := []any{}
			for _, taint := range n.taints {
				taints = append(taints, map[string]any{"key": taint.Key, "value": taint.Value, "effect": string(taint.Effect)})
			}
			patch["spec"] = map[string]any{"taints": taints}
		}
		add("kubernetes:core/v1:NodePatch", n.name+"-labels", patch)
	}
	for _, object := range s.objects(namespace) {
		version := object.GroupVersionKind().GroupVersion().String()
		if version == "v1" {
			version = "core/v1"
		}
		add("kubernetes:"+version+":"+object.GetKind(), object.GetName(), object.Object)
	}
	return map[string]any{"version": 3, "deployment": map[string]any{"resources": all}}
}
