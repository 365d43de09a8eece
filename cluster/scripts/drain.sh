#!/usr/bin/env bash
# Takes a worker out of the cluster: its pods move first, then its Node goes. NODE_NAME.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

ready() {
	admin get --raw=/readyz
}

condition() {
	admin get node "$NODE_NAME" --ignore-not-found --output 'jsonpath={.metadata.name}={.status.conditions[?(@.type=="Ready")].status}'
}

drain() {
	logged "drain-$NODE_NAME" timeout 640 kubectl --kubeconfig "$KUBERNETES/admin.conf" drain "$NODE_NAME" \
		--ignore-daemonsets --delete-emptydir-data --force --timeout 600s
}

delete_node() {
	admin delete node "$NODE_NAME" --ignore-not-found >/dev/null
	say "$NODE_NAME has left the cluster"
}

blocking() {
	grep --ignore-case 'evict\|error' "$LOGS/drain-$NODE_NAME.log" | sort | uniq --count
	admin get pods --all-namespaces --field-selector "spec.nodeName=$NODE_NAME" --output wide
	admin get poddisruptionbudgets --all-namespaces
}

alone "$SCRIPT-$NODE_NAME"
if [[ ! -s $KUBERNETES/admin.conf ]] || ! wait_for 30 ready; then
	say "there is no working cluster that $NODE_NAME could leave"
	exit 0
fi
state=$(condition)
case $state in
"") say "the cluster has no node $NODE_NAME" ;;
"$NODE_NAME=True")
	say "moving pods away from $NODE_NAME"
	if ! drain; then
		admin uncordon "$NODE_NAME" >/dev/null || true
		fail "pods on $NODE_NAME cannot be moved elsewhere within 10 minutes" \
			"give another node the labels they need, or scale them down; $NODE_NAME takes pods again until then" blocking
	fi
	delete_node
	;;
*)
	# Its pods run nowhere: waiting for them to end would take for ever.
	say "$NODE_NAME does not answer, so its pods are given up"
	delete_node
	;;
esac
