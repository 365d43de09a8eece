package acceptance_test

import "ecommerce-platform/tests/lab/acceptance/wire"

// faults have one fault each. What a rule calls itself and a piece of what it must say stand beside what is wrong.
var faults = []variant{
	// Paths between nodes.
	{
		name: "bgp_is_not_admitted", rule: "reachability", says: "179",
		edits: []wire.Edit{dropped(ingress("bgp"))},
	},
	{
		name: "the_kubelet_is_not_admitted", rule: "reachability", says: "10250",
		edits: []wire.Edit{dropped(ingress("kubelet"))},
	},
	{
		name: "the_api_server_is_not_admitted", rule: "reachability", says: "6443",
		edits: []wire.Edit{dropped(ingress("api-from-nodes"))},
	},
	{
		name: "workers_do_not_reach_the_pods_behind_the_node_port", rule: "reachability", says: "tcp 80 from",
		edits: []wire.Edit{dropped(ingress("shop-pods"))},
	},
	{
		name: "metrics_are_not_admitted", rule: "reachability", says: "9100",
		edits: []wire.Edit{dropped(ingress("metrics"))},
	},
	{
		name: "pod_addresses_are_not_admitted", rule: "reachability", says: "192.168.0.0/16",
		edits: []wire.Edit{dropped(ingress("pods-all-192.168.0.0_16"))},
	},
	{
		name: "another_block_than_that_of_pods_is_admitted", rule: "reachability", says: "192.168.0.0/16",
		edits: []wire.Edit{set(ingress("pods-all-192.168.0.0_16"), "cidrIpv4", "10.244.0.0/16")},
	},
	{
		name: "clients_do_not_reach_the_node_port", rule: "reachability", says: "30080",
		edits: []wire.Edit{dropped(ingress("node-port-0.0.0.0_0"))},
	},
	{
		name: "the_node_port_rule_names_another_port", rule: "reachability", says: "30080",
		edits: []wire.Edit{set(set(ingress("node-port-0.0.0.0_0"), "fromPort", 30081), "toPort", 30081)},
		also:  []string{"world-open-port"},
	},
	{
		name: "a_worker_checks_source_and_destination", rule: "source-dest-check-off", says: "worker-node-1",
		edits: []wire.Edit{set(instance("worker-node-1"), "sourceDestCheck", true)}, also: []string{"reachability"},
	},
	{
		name: "the_control_plane_checks_source_and_destination", rule: "source-dest-check-off", says: "control-plane",
		edits: []wire.Edit{without(instance("control-plane"), "sourceDestCheck")}, also: []string{"reachability"},
	},
	{
		name: "nodes_in_two_subnets", rule: "one-subnet", says: "subnet",
		edits: []wire.Edit{
			set(copied(wire.Edit{Type: subnetType, Name: "platform-public"}, "platform-second"), "cidrBlock", "172.31.0.0/21"),
			set(wire.Edit{Type: subnetType, Name: "platform-public"}, "cidrBlock", "172.31.8.0/21"),
			referring(instance("worker-*"), "subnetId", wire.Reference{Type: subnetType, Name: "platform-second"}),
		},
		also: []string{"reachability"},
	},

	// Paths between pods.
	{
		name: "the_database_does_not_let_the_backend_in", rule: "reachability", says: "tcp 5432 from the pods of backend",
		edits: []wire.Edit{set(networkPolicy("postgres"), "spec.ingress", []any{})},
	},
	{
		name: "the_backend_cannot_ask_the_clusters_dns", rule: "reachability", says: "udp 53 to the pods of the cluster's DNS",
		edits: []wire.Edit{set(networkPolicy("backend"), "spec.egress[2].ports[0].port", 5353)},
	},
	{
		name: "nodes_cannot_hand_clients_on", rule: "reachability", says: "from nodes in their name",
		edits: []wire.Edit{set(networkPolicy("frontend"), "spec.ingress[0].from[0].ipBlock.except", []any{"192.168.0.0/16", "172.31.0.0/20"})},
	},

	// What lies open.
	{
		name: "ssh_from_the_whole_internet", rule: "world-open-port", says: "22",
		edits: []wire.Edit{set(ingress("ssh-203.0.113.7_32"), "cidrIpv4", "0.0.0.0/0")}, also: []string{"reachability"},
	},
	{
		name: "the_api_server_from_half_the_internet", rule: "world-open-port", says: "6443",
		edits: []wire.Edit{set(ingress("api-203.0.113.7_32"), "cidrIpv4", "0.0.0.0/1")}, also: []string{"reachability"},
	},
	{
		name: "etcd_from_the_whole_internet", rule: "world-open-port", says: "2379",
		edits: []wire.Edit{without(set(copied(ingress("etcd"), "platform-etcd-open"), "cidrIpv4", "0.0.0.0/0"), "referencedSecurityGroupId")},
		also:  []string{"reachability"},
	},
	{
		name: "all_node_ports_from_the_whole_internet", rule: "world-open-port", says: "30000",
		edits: []wire.Edit{set(set(ingress("node-port-0.0.0.0_0"), "fromPort", 30000), "toPort", 32767)}, also: []string{"reachability"},
	},

	// Machines.
	{
		name: "metadata_without_a_token", rule: "imds-v2", says: "httpTokens",
		edits: []wire.Edit{set(instance("worker-node-2"), "metadataOptions.httpTokens", "optional")},
	},
	{
		name: "metadata_options_left_out", rule: "imds-v2", says: "httpTokens",
		edits: []wire.Edit{without(instance("worker-node-2"), "metadataOptions")},
	},
	{
		name: "pods_get_the_nodes_credentials", rule: "imds-v2", says: "2 hops away",
		edits: []wire.Edit{set(instance("worker-node-1"), "metadataOptions.httpPutResponseHopLimit", 2)},
	},
	{
		name: "an_unencrypted_disk", rule: "volumes-encrypted", says: "not encrypted",
		edits: []wire.Edit{set(instance("control-plane"), "rootBlockDevice.encrypted", false)},
	},
	{
		name: "nothing_said_about_the_disk", rule: "volumes-encrypted", says: "not encrypted",
		edits: []wire.Edit{without(instance("worker-node-1"), "rootBlockDevice")},
	},
	{
		name: "a_new_image_replaces_a_node", rule: "ami-change-keeps-nodes", says: "IgnoreChanges",
		edits: []wire.Edit{following(instance("worker-node-1"), "ami")},
	},
	{
		name: "an_unprotected_control_plane_outside_dev", rule: "control-plane-protected", says: "protectControlPlane",
		stack: "prod", config: object{"protectControlPlane": false, "protectDatabase": true},
	},
	{
		name: "an_unprotected_machine_of_the_database_outside_dev", rule: "database-protected", says: "protectDatabase",
		stack: "prod", config: object{"protectControlPlane": true, "protectDatabase": false},
	},
	{
		name: "nodes_have_addresses_of_pods", rule: "cidrs-apart", says: "192.168.0.0/16",
		edits: []wire.Edit{
			set(wire.Edit{Type: "aws:ec2/vpc:Vpc", Name: "platform-vpc"}, "cidrBlock", "192.168.0.0/20"),
			set(wire.Edit{Type: subnetType, Name: "platform-public"}, "cidrBlock", "192.168.0.0/20"),
			set(instance("control-plane"), "privateIp", "192.168.15.119"),
			set(instance("worker-node-1"), "privateIp", "192.168.2.239"),
			set(instance("worker-node-2"), "privateIp", "192.168.7.250"),
		},
		also: []string{"reachability"},
	},

	// The cluster. Above a deployed network the addresses of machines are known, and so are connections and commands.
	{
		name: "tunnels_for_all_pod_traffic", rule: "pools-without-tunnel", says: "ipipMode Always",
		edits: []wire.Edit{set(pool(), "spec.ipipMode", "Always")}, also: []string{"reachability"},
	},
	{
		name: "tunnels_between_subnets", rule: "pools-without-tunnel", says: "vxlanMode CrossSubnet",
		edits: []wire.Edit{set(pool(), "spec.vxlanMode", "CrossSubnet")}, also: []string{"reachability"},
	},
	{
		name: "a_pool_outside_the_pod_cidr", rule: "pools-inside-pod-cidr", says: "10.244.0.0/16",
		edits: []wire.Edit{set(pool(), "spec.cidr", "10.244.0.0/16")}, also: []string{"reachability"},
	},
	{
		name: "a_connection_trusts_any_host", rule: "host-key-pinned", says: "hostKey",
		stack: "dev-cluster", config: object{"layers": []string{"cluster"}},
		edits: []wire.Edit{without(command("worker-node-1-join"), "connection.hostKey")},
	},
	{
		name: "a_secret_in_the_environment_of_a_command", rule: "no-secret-in-command", says: "environment",
		stack: "dev-cluster", config: object{"layers": []string{"cluster"}},
		edits: []wire.Edit{set(command("worker-node-1-prepare"), "environment", object{"REGISTRY_PASSWORD": "swordfish-4711"})},
	},
	{
		name: "a_join_token_in_a_command_line", rule: "no-secret-in-command", says: "create",
		stack: "dev-cluster", config: object{"layers": []string{"cluster"}},
		edits: []wire.Edit{set(command("worker-node-1-join"), "create", "sudo kubeadm join 172.31.15.119:6443 --token abcdef.0123456789abcdef")},
	},
	{
		name: "a_kubelet_older_than_the_api_server_admits", rule: "version-skew", says: "1.31",
		stack: "dev-cluster", config: object{"layers": []string{"cluster"}},
		edits: []wire.Edit{
			set(command("control-plane-init"), "create", "sudo env KUBERNETES_VERSION='1.35.0' /opt/platform/bin/init.sh"),
			set(command("worker-node-1-prepare"), "create", "sudo env KUBERNETES_VERSION='1.31.0' /opt/platform/bin/prepare.sh"),
		},
	},

	// Where pods land.
	{
		name: "three_caches_on_two_workers", rule: "placement", says: "anti-affinity",
		edits: []wire.Edit{set(redis, "spec.replicas", 3)}, also: []string{"rollout"},
	},
	{
		name: "requests_larger_than_any_node", rule: "placement", says: "Insufficient memory",
		config: object{"quota": "none"},
		edits:  []wire.Edit{set(backend, container+"resources.requests.memory", "8Gi")}, also: []string{"rollout"},
	},
	{
		name: "a_quota_that_the_shop_exceeds", rule: "placement", says: "exceeded quota: tiers",
		edits: []wire.Edit{set(wire.Edit{Type: "kubernetes:core/v1:ResourceQuota", Name: "shop-quota"}, "spec.hard.pods", "9")}, also: []string{"rollout"},
	},
	{
		name: "more_pods_than_the_node_holds", rule: "placement", says: "Insufficient cpu",
		config: object{"frontend": object{"replicas": 30}}, also: []string{"rollout"},
	},
	{
		name: "a_machine_too_small_for_its_tier", rule: "placement", says: "Insufficient memory",
		config: object{"nodes": []any{master, frontendNode, backendNodeWith(object{"instanceType": "t3.micro"})}}, also: []string{"rollout"},
	},
	{
		name: "a_taint_that_nobody_tolerates", rule: "placement", says: "taint",
		edits: []wire.Edit{set(nodePatch("worker-node-2"), "spec", taint("dedicated", "batch", "NoSchedule"))}, also: []string{"rollout", "node-selector-matches"},
	},
	{
		name: "a_node_selector_that_matches_nothing", rule: "node-selector-matches", says: "gpu",
		edits: []wire.Edit{set(frontend, "spec.template.spec.nodeSelector", object{"tier": "gpu"})}, also: []string{"placement", "rollout"},
	},
	{
		name: "a_required_affinity_that_matches_nothing", rule: "node-selector-matches", says: "nvme",
		edits: []wire.Edit{set(backend,
			"spec.template.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values[0]", "nvme")},
		also: []string{"placement", "rollout"},
	},
	{
		name: "the_label_of_the_frontends_node_is_missing", rule: "node-selector-matches", says: "tier",
		edits: []wire.Edit{without(nodePatch("worker-node-1"), "metadata.labels.tier")}, also: []string{"placement", "rollout"},
	},
	{
		name: "the_labels_of_the_backends_node_are_never_set", rule: "node-selector-matches", says: "tier=backend",
		edits: []wire.Edit{dropped(nodePatch("worker-node-2"))}, also: []string{"placement", "rollout"},
	},
	{
		name: "a_volume_on_a_node_that_is_not_there", rule: "placement", says: "postgres",
		edits: []wire.Edit{set(volume(), "spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].values[0]", "worker-node-9")},
		also:  []string{"rollout", "node-selector-matches"},
	},

	// Rollouts and drains.
	{
		name: "a_surge_that_fits_nowhere", rule: "rollout", says: "redis",
		edits: []wire.Edit{set(set(redis, "spec.strategy.rollingUpdate.maxSurge", 1), "spec.strategy.rollingUpdate.maxUnavailable", 0)},
	},
	{
		name: "a_surge_without_room", rule: "rollout", says: "backend",
		edits: []wire.Edit{
			set(set(set(backend, "spec.strategy.rollingUpdate.maxSurge", 1), "spec.strategy.rollingUpdate.maxUnavailable", 0),
				container+"resources.requests.cpu", "300m"),
		},
	},
	{
		name: "two_servers_on_one_data_directory", rule: "rollout", says: "postgres",
		edits: []wire.Edit{set(postgres, "spec.strategy", object{"type": "RollingUpdate", "rollingUpdate": object{"maxSurge": 1, "maxUnavailable": 0}})},
	},
	{
		name: "a_budget_that_blocks_every_drain", rule: "drain", says: "postgres",
		edits: []wire.Edit{set(without(budget("postgres"), "spec.maxUnavailable"), "spec.minAvailable", 1)}, also: []string{"budget-honoured"},
	},
	{
		name: "a_tier_without_a_budget", rule: "budget-exists", says: "frontend", edits: []wire.Edit{dropped(budget("frontend"))},
	},
	{
		name: "a_budget_that_counts_no_pod", rule: "budget-exists", says: "backend",
		edits: []wire.Edit{set(budget("backend"), "spec.selector.matchLabels[\"app.kubernetes.io/name\"]", "backends")},
	},

	// Services and what pods ask of them.
	{
		name: "a_service_that_selects_no_pod", rule: "service-selects-pods", says: "backend",
		edits: []wire.Edit{set(backendService(), "spec.selector[\"app.kubernetes.io/name\"]", "back-end")}, also: []string{"target-port-exists"},
	},
	{
		name: "a_target_port_that_no_container_names", rule: "target-port-exists", says: "web",
		edits: []wire.Edit{set(backendService(), "spec.ports[0].targetPort", "web")},
	},
	{
		name: "a_target_port_that_no_container_has", rule: "target-port-exists", says: "80",
		edits: []wire.Edit{set(backendService(), "spec.ports[0].targetPort", 80)}, also: []string{"reachability"},
	},
	{
		name: "one_node_port_for_two_services", rule: "node-port-unique", says: "30080",
		edits: []wire.Edit{set(set(backendService(), "spec.type", "NodePort"), "spec.ports[0].nodePort", 30080)}, also: []string{"reachability"},
	},
	{
		name: "the_backends_url_names_no_service", rule: "urls-resolve", says: "BACKEND_URL",
		edits: []wire.Edit{set(frontend, container+"env[1].value", "http://api:8080")},
	},
	{
		name: "the_backends_url_names_a_port_the_service_lacks", rule: "urls-resolve", says: "BACKEND_URL",
		edits: []wire.Edit{set(frontend, container+"env[1].value", "http://backend:80")},
	},

	// Pods.
	{
		name: "no_readiness_probe", rule: "probes-set", says: "readinessProbe", edits: []wire.Edit{without(backend, container+"readinessProbe")},
	},
	{
		name: "no_liveness_probe", rule: "probes-set", says: "livenessProbe", edits: []wire.Edit{without(redis, container+"livenessProbe")},
	},
	{
		name: "no_requests", rule: "requests-set", says: "requests", edits: []wire.Edit{without(backend, container+"resources.requests")},
	},
	{
		name: "the_tag_latest", rule: "image-tag", says: "latest", edits: []wire.Edit{set(frontend, container+"image", "nginx:latest")},
	},
	{
		name: "no_tag", rule: "image-tag", says: "nginx", edits: []wire.Edit{set(backend, container+"image", "nginx")},
	},
	{
		name: "a_literal_password", rule: "secrets-not-literal", says: "POSTGRES_PASSWORD",
		edits: []wire.Edit{set(postgres, container+"env[4]", object{"name": "POSTGRES_PASSWORD", "value": "secure_password"})},
	},
	{
		name: "a_privileged_container", rule: "restricted-profile", says: "privileged",
		edits: []wire.Edit{set(frontend, container+"securityContext.privileged", true)},
	},
	{
		name: "a_container_as_root", rule: "restricted-profile", says: "runAsNonRoot",
		edits: []wire.Edit{without(redis, "spec.template.spec.securityContext.runAsNonRoot")},
	},
	{
		name: "the_nodes_network_in_a_pod", rule: "restricted-profile", says: "hostNetwork",
		edits: []wire.Edit{set(backend, "spec.template.spec.hostNetwork", true)}, also: []string{"placement", "rollout", "reachability"},
	},
	{
		name: "capabilities_kept", rule: "restricted-profile", says: "capabilities",
		edits: []wire.Edit{without(backend, container+"securityContext.capabilities")},
	},
}
