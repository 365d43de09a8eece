#!/usr/bin/env bash
# Waits for Calico on every node, and for what needs pod addresses: its controllers and the cluster's DNS, which it places.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

evidence() {
	admin get nodes --output wide
	admin --namespace kube-system get pods --output wide
	admin --namespace kube-system get events --field-selector type=Warning --sort-by .lastTimestamp
	admin --namespace kube-system logs --selector k8s-app=calico-node --container calico-node --tail 15
}

alone "$SCRIPT"
say "saying where the cluster's DNS runs"
wait_for 120 timeout 60 kubeadm init phase addon coredns --config "$FILES/kubeadm.yaml" ||
	fail "kubeadm could not place CoreDNS" "read what it says, then run pulumi up again" printf '%s\n' "$LAST"
# SECONDS WHAT: the agents come first, since nothing else has an address without them.
while read -r limit workload; do
	say "waiting for ${workload#*/}"
	wait_for "$limit" rolled_out kube-system "$workload" </dev/null ||
		fail "${workload#*/} is not ready after $((limit / 60)) minutes: $LAST" \
			"the pods and events above say why; no address means that the pool is missing or full, and images come from their registries or from mirrors.images" evidence
done <<-END
	600 daemonset/calico-node
	300 deployment/calico-kube-controllers
	300 deployment/coredns
END
say "the cluster is ready"
