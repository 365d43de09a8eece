package acceptance_test

import (
	"ecommerce-platform/cluster/versions"
	"ecommerce-platform/tests/lab/acceptance/wire"
)

// correct are variants in which nothing is wrong.
var correct = []variant{
	{name: "the_platform_as_it_is"},
	{name: "a_second_backend_node", config: object{"nodes": []any{
		master, frontendNode, backendNode, node("worker-node-3", "worker", "172.31.9.9", backendLabel, nil),
	}, "postgres": object{"node": "worker-node-2"}}},
	{name: "two_frontend_nodes", config: object{"nodes": []any{
		master, frontendNode, backendNode, node("worker-node-3", "worker", "172.31.9.9", frontendLabel, nil),
	}}},
	{name: "a_worker_without_labels", config: object{"nodes": []any{
		master, frontendNode, backendNode, node("worker-node-3", "worker", "172.31.9.9", nil, nil),
	}}},
	{name: "seven_nodes", also: []string{"address-quota"}, config: object{"nodes": []any{
		master, frontendNode, backendNode,
		node("worker-node-3", "worker", "172.31.9.3", backendLabel, nil), node("worker-node-4", "worker", "172.31.9.4", backendLabel, nil),
		node("worker-node-5", "worker", "172.31.9.5", frontendLabel, nil), node("worker-node-6", "worker", "172.31.9.6", frontendLabel, nil),
	}, "frontend": object{"replicas": 12}, "redis": object{"replicas": 6}, "postgres": object{"node": "worker-node-2"}}},
	{name: "nodes_set_aside_by_taints", config: object{"nodes": []any{
		master, frontendNodeWith(taint("tier", "frontend", "NoSchedule")), backendNodeWith(taint("tier", "backend", "NoSchedule")),
	}}},
	{name: "a_taint_that_only_prefers", config: object{"nodes": []any{
		master, frontendNode, backendNodeWith(taint("maintenance", "soon", "PreferNoSchedule")),
	}}},
	{name: "the_specifications_addresses", config: object{"vpcCidr": "172.31.16.0/20", "nodes": []any{
		node("control-plane", "control-plane", "172.31.31.119", nil, nil),
		node("worker-node-1", "worker", "172.31.18.239", frontendLabel, object{"monitoring": true}),
		node("worker-node-2", "worker", "172.31.23.250", backendLabel, nil),
	}}},
	{name: "a_subnet_smaller_than_the_vpc", config: object{
		"vpcCidr": "10.20.0.0/16", "subnetCidr": "10.20.1.0/24", "availabilityZone": "eu-central-1b", "nodes": []any{
			node("control-plane", "control-plane", "10.20.1.10", nil, nil),
			node("worker-node-1", "worker", "10.20.1.11", frontendLabel, nil),
			node("worker-node-2", "worker", "10.20.1.12", backendLabel, nil),
		},
	}},
	{name: "other_blocks_for_pods_and_services", config: object{"podCidr": "10.244.0.0/16", "serviceCidr": "10.100.0.0/16"}},
	{name: "another_node_port", config: object{"nodePort": 31999}},
	{name: "clients_of_two_networks_only", config: object{"clientCidrs": []string{"198.51.100.0/24", "192.0.2.0/24"}}},
	{name: "two_administrators", config: object{"adminCidrs": []string{"203.0.113.7/32", "198.51.100.0/24"}}},
	{name: "more_replicas_that_fit", config: object{"frontend": object{"replicas": 8}, "backend": object{"replicas": 4, "requests": object{"cpu": "100m"}}}},
	{name: "fewer_replicas", config: object{"frontend": object{"replicas": 1}, "backend": object{"replicas": 1}, "redis": object{"replicas": 1}}},
	{name: "limits_on_every_tier", config: object{
		"frontend": object{"limits": object{"cpu": "200m", "memory": "128Mi"}}, "backend": object{"limits": object{"cpu": "400m", "memory": "256Mi"}},
		"redis": object{"limits": object{"cpu": "500m", "memory": "256Mi"}},
	}},
	{name: "larger_machines", config: object{
		"instanceType": "m5.large", "rootVolumeGiB": 50, "detailedMonitoring": true,
		"kmsKeyId": "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
	}},
	{name: "a_larger_control_plane", config: object{"nodes": []any{
		node("control-plane", "control-plane", "172.31.15.119", nil, object{"instanceType": "c5.xlarge"}), frontendNode, backendNode,
	}}},
	{name: "monitoring_on_every_node", config: object{"nodes": []any{
		node("control-plane", "control-plane", "172.31.15.119", nil, object{"monitoring": true}),
		frontendNodeWith(object{"monitoring": true}), backendNodeWith(object{"monitoring": true}),
	}}},
	{name: "protected_machines_outside_dev", stack: "prod", config: object{"protectControlPlane": true, "protectDatabase": true}},
	{name: "images_by_digest", config: object{
		"frontend": object{"image": "nginx@sha256:65645c7bb6a0661892a8b03b89d0743208a18dd2f3f17a54ef4b76fb8e2f2a10"},
		"redis":    object{"image": "redis:7-alpine@sha256:65645c7bb6a0661892a8b03b89d0743208a18dd2f3f17a54ef4b76fb8e2f2a10"},
	}},
	{name: "mirrors_of_an_air_gapped_network", config: object{"mirrors": object{
		"images": "http://172.31.0.10:5000", "manifests": "http://172.31.0.10:8080/manifests",
	}}},
	{name: "the_oldest_minor_version", config: object{"kubernetesVersion": versions.All.Kubernetes.Releases[0].Version}},
	{name: "another_namespace", config: object{"namespace": "shop-eu"}},
	{name: "fewer_pods_a_node", config: object{"kubelet": object{"maxPods": 60}}},
	{name: "settings_of_the_cache", config: object{"redis": object{"settings": object{"maxmemory": "192mb"}}}},
	{name: "the_network_alone", stack: "dev-infra", config: object{"layers": []string{"infra"}}},
	{name: "the_cluster_above_its_network", stack: "dev-cluster", config: object{"layers": []string{"cluster"}}},

	// Correct in another way than the program's.
	{name: "a_surge_where_there_is_room", edits: []wire.Edit{
		set(set(frontend, "spec.strategy.rollingUpdate.maxSurge", 1), "spec.strategy.rollingUpdate.maxUnavailable", 0),
	}},
	{name: "a_target_port_by_number", edits: []wire.Edit{set(backendService(), "spec.ports[0].targetPort", 8080)}},
	{name: "the_backends_url_in_full", edits: []wire.Edit{
		set(frontend, container+"env[1].value", "http://backend.ecommerce.svc.cluster.local:8080"),
	}},
	{name: "a_budget_that_keeps_one_of_several", edits: []wire.Edit{
		set(without(budget("frontend"), "spec.maxUnavailable"), "spec.minAvailable", 1),
	}},
}
