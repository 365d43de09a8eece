#!/usr/bin/env bash
# Waits until the cluster sees a node as ready, under its address, and opens it where it was closed for its machine's sake.
# NODE_NAME, NODE_IP; TAINTS: those it is to have, each as key:effect; MACHINE_TYPE: optional, the type of the machine that
# it is ready on; OS_UPDATE: optional, the update of its packages that it comes back from.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
# shellcheck source-path=SCRIPTDIR source=turn.sh
source "${BASH_SOURCE[0]%/*}/turn.sh"

node_field() {
	admin get node "$NODE_NAME" --output "jsonpath=$1"
}

# Watches, rather than asks again and again, as soon as there is a Node to watch.
node_ready() {
	admin wait node "$NODE_NAME" --for condition=Ready --timeout 15s
}

evidence() {
	node_field '{range .status.conditions[*]}{.type}={.status}: {.message}{"\n"}{end}'
	admin --namespace kube-system get pods --field-selector "spec.nodeName=$NODE_NAME" --output wide
	admin --namespace kube-system get events --field-selector type=Warning --sort-by .lastTimestamp
}

# remove_taints takes away what the program once declared and does not any more. To the API server a node's taints are one
# value with one owner: after a controller wrote it, as it does whenever the node is closed and opened, declaring none
# takes nothing away.
remove_taints() {
	local former present taint
	former=$(node_field "{.metadata.annotations['ecommerce-platform/taints']}")
	present=$(node_field '{range .spec.taints[*]}{.key}:{.effect}{" "}{end}')
	for taint in $former; do
		if [[ " $TAINTS " != *" $taint "* && " $present " == *" $taint "* ]]; then
			say "removing the taint $taint from $NODE_NAME"
			admin taint node "$NODE_NAME" "$taint-" >/dev/null
		fi
	done
}

# await_start waits until a node is back from a change of its machine, which until then may be taken for ready.
await_start() {
	say "waiting until $NODE_NAME has started again"
	wait_for 600 started_again "$was" ||
		fail "Calico's agent does not run again on $NODE_NAME after 10 minutes: $LAST" \
			"see whether the machine runs and its kubelet reaches the API server; the node stays closed until then" evidence
	await_ready
	wait_for 60 open_after_change "$was" ||
		fail "$NODE_NAME cannot be opened for pods: $LAST" "see why the API server refuses that, then run pulumi up again"
}

await_ready() {
	wait_for 900 node_ready ||
		fail "$NODE_NAME is not ready after 15 minutes" "the conditions above say what is missing; Calico's pod brings the network" evidence
}

alone "$SCRIPT-$NODE_NAME"
say "waiting for $NODE_NAME to be ready"
await_ready
was=$(annotation "$CHANGING")
[[ -z $was ]] || await_start
address=$(node_field '{.status.addresses[?(@.type=="InternalIP")].address}')
[[ $address == "$NODE_IP" ]] ||
	fail "$NODE_NAME is registered as $address, not as $NODE_IP" "see --node-ip in /var/lib/kubelet/kubeadm-flags.env on that node"
remove_taints
if [[ -n ${MACHINE_TYPE:-} ]]; then
	admin annotate node "$NODE_NAME" --overwrite "$TYPE=$MACHINE_TYPE" >/dev/null
fi
if [[ -n ${OS_UPDATE:-} ]]; then
	admin annotate node "$NODE_NAME" --overwrite "$UPDATED=$OS_UPDATE" >/dev/null
fi
say "$NODE_NAME is ready"
