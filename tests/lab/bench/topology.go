package bench

import "fmt"

// Replicas that make a thousand pods with the database's one.
const (
	frontendReplicas = 550
	backendReplicas  = 440
	redisReplicas    = 9
)

// crowded is a configuration with 100 nodes and 1,000 pods.
func crowded() map[string]any {
	return map[string]any{
		"nodes": topology(100), "instanceType": "t3.xlarge",
		"frontend": map[string]any{"replicas": frontendReplicas},
		"backend":  map[string]any{"replicas": backendReplicas},
		"redis":    map[string]any{"replicas": redisReplicas},
		"postgres": database,
	}
}

// database is on the one of many workers that may hold it.
var database = map[string]any{"node": "worker-node-2"}

// topology is a control plane and workers, half of them for each tier.
func topology(nodes int) []any {
	list := []any{node("control-plane", "control-plane", 0, nil)}
	for i := 1; i < nodes; i++ {
		tier := "frontend"
		if i%2 == 0 {
			tier = "backend"
		}
		list = append(list, node(fmt.Sprintf("worker-node-%d", i), "worker", i, map[string]any{"tier": tier, "storage": "ssd"}))
	}
	return list
}

// node is one entry of the key nodes, at an address of its own in 172.31.0.0/20.
func node(name, role string, index int, labels map[string]any) map[string]any {
	entry := map[string]any{"name": name, "role": role, "privateIp": fmt.Sprintf("172.31.%d.%d", 1+index/200, 10+index%200)}
	if labels != nil {
		entry["labels"] = labels
	}
	return entry
}
