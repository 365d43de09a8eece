#!/usr/bin/env bash
# Sourced by the control plane's scripts: the static pods that kubeadm runs Kubernetes in.
# shellcheck disable=SC2154 # variables of lib.sh

# The names of their containers.
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

started() {
	[[ -n $(running "$1") ]]
}

# gone CONTAINER... tells whether none of them runs.
gone() {
	local name now
	now=$(for name in "${COMPONENTS[@]}"; do running "$name"; done)
	[[ -z $(comm -12 <(printf '%s\n' "$@" | sort) <(sort <<<"$now") | sed '/^$/d') ]]
}

# end_components NAME... ends components. The kubelet, where it runs, starts them again. An API server would answer the
# requests it has for a whole minute first; nothing is lost when it does not.
end_components() {
	local name container all=()
	for name in "$@"; do
		mapfile -t -O "${#all[@]}" all < <(running "$name")
	done
	((${#all[@]} > 0)) || return 0
	for container in "${all[@]}"; do
		containers tasks kill --signal SIGTERM "$container" >/dev/null 2>&1 || true
	done
	wait_for 10 gone "${all[@]}" && return 0
	for container in "${all[@]}"; do
		containers tasks kill --signal SIGKILL "$container" >/dev/null 2>&1 || true
	done
	wait_for 60 gone "${all[@]}" ||
		fail "containers of the control plane do not end" "reboot the node, then run pulumi up again" containers tasks list
}

# restart_components NAME... makes components read their files again.
restart_components() {
	local name
	end_components "$@"
	for name in "$@"; do
		wait_for 180 started "$name" ||
			fail "$name does not start again" "look at journalctl -u kubelet on the node" journalctl --unit kubelet --lines 20 --no-pager
	done
}
