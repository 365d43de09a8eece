#!/usr/bin/env bash
# The floor: the least that makes a cluster and the shop of machines that have just been started. The files, packages, images
# and objects are the platform's own; nothing is checked, nothing could run twice, and no engine or provider takes part.
# NODES: the control plane's name, then the workers'; CONTAINERS: prefix of their containers; INPUT: directory with
# NODE.tar (the files of /opt/platform), calico.yaml (pool and BGP mesh) and shop.yaml; KUBERNETES_VERSION,
# PACKAGES, REGISTRIES, MANIFEST_URL, VOLUMES, IGNORE: as the platform's scripts take them.
# Writes "STAGE NODE" as each node gets there.
set -euo pipefail
read -ra ALL <<<"$NODES"
CONTROL=${ALL[0]}
WORKERS=("${ALL[@]:1}")
FLOOR=$(dirname "${BASH_SOURCE[0]}")

on() {
	docker exec --interactive "$CONTAINERS-$1" "${@:2}"
}

# reached STAGE NODE
reached() {
	printf '%s %s\n' "$1" "$2"
}

# each COMMAND NODE... runs a command for all nodes at once.
each() {
	local node jobs=()
	for node in "${@:2}"; do
		"$1" "$node" &
		jobs+=($!)
	done
	for node in "${jobs[@]}"; do
		wait "$node"
	done
}

prepare() {
	# The runtime lets nobody in while the machine's entry point is at work.
	until on "$1" true 2>/dev/null; do
		sleep 0.2
	done
	on "$1" sh -c 'mkdir -p /opt/platform && tar -x -C /opt/platform' <"$INPUT/$1.tar"
	reached machine "$1"
	on "$1" env PACKAGES="$PACKAGES" KUBERNETES_VERSION="$KUBERNETES_VERSION" REGISTRIES="$REGISTRIES" VOLUMES="$VOLUMES" \
		bash -s <"$FLOOR/machine.sh" >"$INPUT/$1.log" 2>&1
	reached packages "$1"
}

kubectl() {
	on "$CONTROL" kubectl --kubeconfig /etc/kubernetes/admin.conf "$@"
}

join() {
	local labels
	# shellcheck disable=SC2086 # the command that kubeadm prints
	on "$1" $JOIN --node-name "$1" --ignore-preflight-errors "$IGNORE" >>"$INPUT/$1.log" 2>&1
	# shellcheck disable=SC2016 # for the shell on the node
	on "$1" sh -c '[ ! -e "$0" ] || cp "$0" /etc/kubernetes/manifests/' /opt/platform/etc/node-exporter.yaml
	read -ra labels <<<"$(<"$INPUT/$1.labels")"
	kubectl label node "$1" "${labels[@]}" >/dev/null
	kubectl wait node "$1" --for condition=Ready --timeout 300s >/dev/null
	reached node "$1"
}

# shop installs the network and, without waiting for it, everything that runs in it.
shop() {
	on "$CONTROL" sh -euc "cd /opt/platform/etc && curl --silent --fail --output calico.yaml '$MANIFEST_URL' && kubectl kustomize ." |
		kubectl apply --server-side --filename - >/dev/null
	kubectl wait --for condition=Established crd/ippools.crd.projectcalico.org crd/bgpconfigurations.crd.projectcalico.org >/dev/null
	kubectl apply --filename - <"$INPUT/calico.yaml" >/dev/null
	kubectl apply --filename - <"$INPUT/shop.yaml" >/dev/null
	reached objects "$CONTROL"
}

each prepare "${ALL[@]}"
on "$CONTROL" kubeadm init --config /opt/platform/etc/kubeadm.yaml >>"$INPUT/$CONTROL.log" 2>&1
reached control-plane "$CONTROL"
JOIN=$(on "$CONTROL" kubeadm token create --print-join-command)
shop &
each join "${WORKERS[@]}"
wait $!
for deployment in kube-system/coredns kube-system/calico-kube-controllers $DEPLOYMENTS; do
	kubectl --namespace "${deployment%/*}" rollout status "deployment/${deployment#*/}" --timeout 300s >/dev/null
done
reached rollouts "$CONTROL"
