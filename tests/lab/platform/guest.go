package platform

// GuestPolicies let a pod of a test into the shop's namespace, which drops what no policy names: policies add up. The pod has the
// label app.kubernetes.io/name with this name; it may reach everything, and the tiers let it in.
func GuestPolicies(namespace, name string, tiers ...string) map[string]any {
	const label = "app.kubernetes.io/name"
	guest := map[string]any{"matchLabels": map[string]any{label: name}}
	policy := func(name string, spec map[string]any) map[string]any {
		return map[string]any{
			"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": map[string]any{"name": name, "namespace": namespace}, "spec": spec,
		}
	}
	return map[string]any{"apiVersion": "v1", "kind": "List", "items": []any{
		policy(name, map[string]any{"podSelector": guest, "policyTypes": []any{"Egress"}, "egress": []any{map[string]any{}}}),
		policy(name+"-in", map[string]any{
			"podSelector": map[string]any{"matchExpressions": []any{map[string]any{"key": label, "operator": "In", "values": tiers}}},
			"policyTypes": []any{"Ingress"},
			"ingress":     []any{map[string]any{"from": []any{map[string]any{"podSelector": guest}}}},
		}),
	}}
}
