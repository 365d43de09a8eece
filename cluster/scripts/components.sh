#!/usr/bin/env bash
# Sourced by the control plane's scripts: the static pods that kubeadm runs Kubernetes in.
# shellcheck disable=SC2154 # variables of lib.sh

# An array of the names of their containers, in the order in which they need each other.
COMPONENTS=(etcd kube-apiserver kube-controller-manager kube-scheduler)

containers() {
	ctr --namespace k8s.io "$@"
}

# running NAME prints the containers of a component that run, one a line.
running() {
	local known alive
	known=$(containers containers list --quiet \
		"labels.\"io.kubernetes.container.name\"==$1,labels.\"io.kubernetes.pod.namespace\"==kube-system")
	alive=$(containers tasks list | sed -n 's/^\([^ ]*\) .* RUNNING *$/\1/p')
	comm -12 <(sort <<<"$known") <(sort <<<"$alive") | sed '/^$/d'
}

stopped() {
	[[ -z $(running "$1") ]]
}

started() {
	[[ -n $(running "$1") ]]
}

# end NAME ends a component. The kubelet, where it runs, starts it again.
end() {
	local container
	for container in $(running "$1"); do
		containers tasks kill --signal "${2:-SIGTERM}" "$container" >/dev/null 2>&1 || true
	done
}

# gone OLD NAME tells whether none of the containers in OLD runs.
gone() {
	local now
	now=$(running "$2")
	[[ -z $(comm -12 <(sort <<<"$1") <(sort <<<"$now") | sed '/^$/d') ]]
}

# restart_components makes every component read its files again.
restart_components() {
	local name old
	for name in "${COMPONENTS[@]}"; do
		old=$(running "$name")
		end "$name"
		if ! wait_for 90 gone "$old" "$name"; then
			end "$name" SIGKILL
		fi
		wait_for 180 started "$name" ||
			fail "$name does not start again" "look at journalctl -u kubelet on the node" journalctl --unit kubelet --lines 20 --no-pager
	done
}
