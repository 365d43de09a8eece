#!/usr/bin/env bash
# Sourced by the scripts that empty a node before its machine stops and open it when it is back, after lib.sh. NODE_NAME.
# shellcheck disable=SC2034 # some variables are for the scripts

# The machine's type that a Node has last been seen ready with.
TYPE=ecommerce-platform/machine-type
# The text of the update of its system's packages that a Node has last come back from.
UPDATED=ecommerce-platform/os-update
# On a Node that was closed for its machine's sake: whether a person had closed it before, and which container of Calico's
# agent ran then. Another one runs as soon as the machine has started again; until then the API server may still call the
# Node ready.
CHANGING=ecommerce-platform/changing

annotation() {
	admin get node "$NODE_NAME" --output "jsonpath={.metadata.annotations.$1}"
}

agent() {
	admin --namespace kube-system get pods --selector k8s-app=calico-node --field-selector "spec.nodeName=$NODE_NAME" \
		--output 'jsonpath={range .items[*].status.containerStatuses[?(@.name=="calico-node")]}{.containerID} {.ready}{end}'
}

# close_for_change keeps new pods away; the mark comes first, so that a run that dies in between leaves no Node closed for good.
close_for_change() {
	local closed running
	[[ -z $(annotation "$CHANGING") ]] || return 0
	closed=$(admin get node "$NODE_NAME" --output 'jsonpath={.spec.unschedulable}')
	running=$(agent)
	admin annotate node "$NODE_NAME" --overwrite "$CHANGING=${closed:-false} ${running% *}" >/dev/null
	admin cordon "$NODE_NAME" >/dev/null
}

# started_again WAS tells whether the agent runs that came after it.
started_again() {
	local now
	now=$(agent) || return 1
	printf '%s\n' "$now"
	[[ $now == *" true" && ${now% *} != "${1#* }" ]]
}

# open_after_change WAS lets pods come back, unless a person had closed the node before.
open_after_change() {
	[[ ${1% *} == true ]] || admin uncordon "$NODE_NAME" || return 1
	admin annotate node "$NODE_NAME" "$CHANGING-"
}
