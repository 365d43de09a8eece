#!/usr/bin/env bash
# Sourced by the scripts that take a cluster or a node of it from one version of its software to the next.
# NODE_NAME, KUBERNETES_VERSION, CONTAINERD_VERSION; CREDENTIALS: the kubeconfig to use.

# There while an upgrade of this node is under way.
UPGRADING=$STATE/upgrading
# Marks a Node that was closed for its upgrade, and not by a person.
CLOSED=ecommerce-platform/upgrading

api() {
	kubectl --kubeconfig "$CREDENTIALS" --request-timeout=20s "$@"
}

# is_current tells that nothing is left to upgrade on this node.
is_current() {
	[[ ! -e $UPGRADING ]] && runs_kubernetes && has_version containerd.io
}

# runs_kubernetes tells whether only the runtime may be left to upgrade.
runs_kubernetes() {
	has_version kubeadm && has_version kubelet && has_version kubectl
}

# check_forward KEY VERSION FROM OWNER refuses an older version than the one the owner runs.
check_forward() {
	[[ $(printf '%s\n' "$3" "$2" | sort --version-sort | tail -n 1) == "$2" ]] ||
		fail "$1 \"$2\": cannot go back, $4 runs $3" "set it to $3 or a later version"
}

# check_step VERSION OWNER refuses what Kubernetes cannot go to from the version that the owner runs.
check_step() {
	local from=$1 next
	next=${from%%.*}.$(($(cut -d . -f 2 <<<"$from") + 1))
	check_forward kubernetesVersion "$KUBERNETES_VERSION" "$from" "$2"
	[[ ${KUBERNETES_VERSION%.*} == "${from%.*}" || ${KUBERNETES_VERSION%.*} == "$next" ]] ||
		fail "kubernetesVersion \"$KUBERNETES_VERSION\": skips a minor version, $2 runs $from" "go to a version $next first"
}

# close_node moves the pods of the node elsewhere, within their budgets. It needs evict.sh as well.
close_node() {
	wait_for 120 mark_closed ||
		fail "$NODE_NAME cannot be closed for pods: $LAST" "look at the API server's log, then run pulumi up again"
	say "moving pods away from $NODE_NAME"
	if ! evict 600; then
		wait_for 30 try_open_node || say "$NODE_NAME cannot be opened again: $LAST"
		fail "pods on $NODE_NAME cannot be moved elsewhere within 10 minutes, so it keeps its version" \
			"give another node the labels they need, or scale them down; $NODE_NAME takes pods again until then" blocking
	fi
}

# mark_closed notes who closes the node, unless a person has. An API server that does not answer does not say that nobody has.
mark_closed() {
	local closed
	closed=$(api get node "$NODE_NAME" --output 'jsonpath={.spec.unschedulable}') || return 1
	[[ $closed == true ]] || api annotate node "$NODE_NAME" --overwrite "$CLOSED=$KUBERNETES_VERSION"
}

# open_node lets pods come back, unless a person had closed the node before. A kubelet that was replaced may start the API
# server anew, which refuses everybody for a moment.
open_node() {
	wait_for 120 try_open_node ||
		fail "$NODE_NAME cannot be opened for pods: $LAST" "see why the API server refuses that, then run pulumi up again"
}

try_open_node() {
	local closed
	closed=$(api get node "$NODE_NAME" --output "jsonpath={.metadata.annotations.$CLOSED}") || return 1
	[[ -n $closed ]] || return 0
	api uncordon "$NODE_NAME" && api annotate node "$NODE_NAME" "$CLOSED-"
}

node_runs_version() {
	local seen
	seen=$(api get node "$NODE_NAME" --output 'jsonpath={.status.nodeInfo.kubeletVersion} {.status.conditions[?(@.type=="Ready")].status}')
	printf '%s\n' "$seen"
	[[ $seen == "v$KUBERNETES_VERSION True" ]]
}

# upgrade_runtime replaces the container runtime of a node that has no pods to lose. Those that are left run on. It needs
# containerd.sh as well.
upgrade_runtime() {
	has_version containerd.io || install_held containerd.io
	run_containerd
}

# upgrade_kubelet replaces the kubelet of a node that has no pods to lose.
upgrade_kubelet() {
	install_held kubelet kubectl
	say "restarting the kubelet"
	systemctl daemon-reload
	systemctl restart kubelet
	wait_for 300 node_runs_version ||
		fail "$NODE_NAME is not ready with Kubernetes $KUBERNETES_VERSION after 5 minutes: $LAST" \
			"the lines above say why; run pulumi up again once that is mended" journalctl --unit kubelet --lines 20 --no-pager
}
