#!/usr/bin/env bash
# Takes a worker out of the cluster: its pods move first, then its Node goes, then its pods' addresses
# are free for others. NODE_NAME.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
# shellcheck source-path=SCRIPTDIR source=evict.sh
source "${BASH_SOURCE[0]%/*}/evict.sh"

ready() {
	admin get --raw=/readyz
}

# A cluster that was lost with its machine is no longer there to leave; one that does not answer is.
holds_cluster() {
	[[ -e $KUBERNETES/admin.conf || -e $STATE/initialized || -e $ROOT/var/lib/etcd/member ]]
}

# condition prints the Node's name and whether it is ready, nothing where there is no such Node.
condition() {
	admin get node "$NODE_NAME" --ignore-not-found --output 'jsonpath={.metadata.name}={.status.conditions[?(@.type=="Ready")].status}'
}

# heard tells whether the Node's kubelet has reported of late, where there is such a Node.
heard() {
	local seen code=0
	seen=$(condition) || code=$?
	printf '%s' "$seen"
	[[ $code == 0 && $seen != "$NODE_NAME=Unknown" ]]
}

# look reads what the Node SEEMS. A kubelet that is silent gets a minute more than the one after which Kubernetes says so.
look() {
	wait_for 60 heard || [[ $LAST == "$NODE_NAME=Unknown" ]] ||
		fail "the API server does not tell about $NODE_NAME: $LAST" "look at its log, then run pulumi up again"
	SEEMS=$LAST
}

alive() {
	[[ $SEEMS == "$NODE_NAME=True" ]]
}

# reports tells whether a kubelet is there to end pods.
reports() {
	alive || [[ $SEEMS == "$NODE_NAME=False" ]]
}

reopen() {
	wait_for 30 admin uncordon "$NODE_NAME" || say "$NODE_NAME cannot be opened again: $LAST"
}

# drain moves pods as fast as their budgets allow. A machine that died is seen as ready for a while, and its pods never
# end: every minute says anew whether it is worth waiting for.
drain() {
	local end=$((SECONDS + ${PLATFORM_WAIT:-600}))
	say "moving pods away from $NODE_NAME"
	until evict 60; do
		look
		alive || return 0
		if ((SECONDS >= end)); then
			reopen
			fail "pods on $NODE_NAME cannot be moved elsewhere within 10 minutes" \
				"give another node the labels they need, or scale them down; $NODE_NAME takes pods again until then" blocking
		fi
		sleep "$POLL"
	done
}

# What runs on a machine that is gone never says that it has ended, and without it gone from the API
# too nothing takes its place.
give_up_pods() {
	admin delete pods --all-namespaces --field-selector "spec.nodeName=$NODE_NAME" --force --grace-period=0 --wait=false >/dev/null
}

delete_node() {
	admin delete node "$NODE_NAME" --ignore-not-found
}

# Calico's controllers free the blocks of a node that is gone; until then every other node has routes to them.
blocks_free() {
	local left
	left=$(admin get blockaffinities.crd.projectcalico.org --output "jsonpath={.items[?(@.spec.node==\"$NODE_NAME\")].spec.cidr}") &&
		printf '%s' "$left" && [[ -z $left ]]
}

controllers() {
	admin --namespace kube-system get pods --selector k8s-app=calico-kube-controllers --output wide
	admin --namespace kube-system logs --selector k8s-app=calico-kube-controllers --tail 15
}

free_blocks() {
	say "waiting until the addresses of pods on $NODE_NAME are free"
	wait_for 180 blocks_free ||
		fail "the address block $LAST still belongs to $NODE_NAME after 3 minutes" \
			"Calico's controllers, above, free it; see why they do not, then run pulumi up again" controllers
}

# given_up tells whether somebody who knows more than this machine said so here. It holds once.
given_up() {
	rm "$STATE/give-up-$NODE_NAME" 2>/dev/null
}

alone "$SCRIPT-$NODE_NAME"
if ! holds_cluster; then
	say "this machine holds no cluster that $NODE_NAME could leave"
	exit 0
fi
if ! wait_for 120 ready; then
	if given_up; then
		say "the API server does not answer, and $NODE_NAME is given up, as somebody said"
		exit 0
	fi
	fail "the API server has not answered for 2 minutes, so $NODE_NAME stays as it is: $LAST" \
		"bring it back, the lines above may say why it is away, then run pulumi up again; to give $NODE_NAME up with its pods, first: sudo touch /var/lib/platform/give-up-$NODE_NAME" \
		journalctl --unit kubelet --lines 15 --no-pager
fi
look
if reports; then
	drain
fi
if [[ -z $SEEMS ]]; then
	say "the cluster has no node $NODE_NAME"
else
	if ! alive; then
		say "$NODE_NAME is not ready, so the pods that are left on it are given up"
		wait_for 60 give_up_pods ||
			fail "the pods of $NODE_NAME cannot be deleted: $LAST" "look at the API server's log, then run pulumi up again"
	fi
	wait_for 60 delete_node ||
		fail "the Node $NODE_NAME cannot be deleted: $LAST" "look at the API server's log, then run pulumi up again"
	say "$NODE_NAME has left the cluster"
fi
free_blocks
