package bench

import "fmt"

// Sizes of the large stack: a control plane and workers, and replicas that make a thousand pods with the database's one.
const (
	workers          = 99
	frontendReplicas = 550
	backendReplicas  = 440
	redisReplicas    = 9
)

// large is a configuration with 100 nodes and 1,000 pods, half of the workers for each tier.
func large() map[string]any {
	nodes := []any{node("control-plane", "control-plane", 0, nil)}
	for i := 1; i <= workers; i++ {
		tier := "frontend"
		if i%2 == 0 {
			tier = "backend"
		}
		nodes = append(nodes, node(fmt.Sprintf("worker-node-%d", i), "worker", i, map[string]any{"tier": tier, "storage": "ssd"}))
	}
	return map[string]any{
		"nodes": nodes, "instanceType": "t3.xlarge",
		"frontend": map[string]any{"replicas": frontendReplicas},
		"backend":  map[string]any{"replicas": backendReplicas},
		"redis":    map[string]any{"replicas": redisReplicas},
	}
}

// node is one entry of the key nodes, at an address of its own in 172.31.0.0/20.
func node(name, role string, index int, labels map[string]any) map[string]any {
	entry := map[string]any{"name": name, "role": role, "privateIp": fmt.Sprintf("172.31.%d.%d", 1+index/200, 10+index%200)}
	if labels != nil {
		entry["labels"] = labels
	}
	return entry
}
