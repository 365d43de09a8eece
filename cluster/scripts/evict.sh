#!/usr/bin/env bash
# Sourced by the scripts that empty a node, after lib.sh. NODE_NAME.
# shellcheck disable=SC2154 # variables of lib.sh

# evict SECONDS moves the node's pods elsewhere, as fast as disruption budgets allow.
evict() {
	logged "evict-$NODE_NAME" timeout $(($1 + 30)) kubectl --kubeconfig "$KUBERNETES/admin.conf" drain "$NODE_NAME" \
		--ignore-daemonsets --delete-emptydir-data --force --timeout "${1}s"
}

# blocking shows what is in the way of an eviction.
blocking() {
	grep --ignore-case 'evict\|error' "$LOGS/evict-$NODE_NAME.log" | sort | uniq --count
	admin get pods --all-namespaces --field-selector "spec.nodeName=$NODE_NAME" --output wide
	admin get poddisruptionbudgets --all-namespaces
}
