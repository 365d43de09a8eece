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

condition() {
	admin get node "$NODE_NAME" --ignore-not-found --output 'jsonpath={.metadata.name}={.status.conditions[?(@.type=="Ready")].status}'
}

# look reads what the Node SEEMS: its name and whether it is ready, nothing where there is no such Node.
look() {
	wait_for 120 condition ||
		fail "the API server does not tell about $NODE_NAME: $LAST" "look at its log, then run pulumi up again"
	SEEMS=$LAST
}

alive() {
	[[ $SEEMS == "$NODE_NAME=True" ]]
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
			admin uncordon "$NODE_NAME" >/dev/null || true
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

alone "$SCRIPT-$NODE_NAME"
if [[ ! -s $KUBERNETES/admin.conf ]] || ! wait_for 120 ready; then
	say "there is no working cluster that $NODE_NAME could leave"
	exit 0
fi
look
if alive; then
	drain
fi
if [[ -z $SEEMS ]]; then
	say "the cluster has no node $NODE_NAME"
else
	if ! alive; then
		say "$NODE_NAME does not answer, so its pods are given up"
		wait_for 60 give_up_pods ||
			fail "the pods of $NODE_NAME cannot be deleted: $LAST" "look at the API server's log, then run pulumi up again"
	fi
	admin delete node "$NODE_NAME" --ignore-not-found >/dev/null
	say "$NODE_NAME has left the cluster"
fi
free_blocks
