#!/usr/bin/env bash
# Sourced by init.sh, after components.sh: the control plane's static pods and the files they read, brought to the present
# configuration.
# shellcheck disable=SC2153,SC2154 # variables of lib.sh and init.sh

AUDIT=$KUBERNETES/audit

# place_audit_policy puts the policy where the API server reads it. Another policy has another name: that of a running API
# server stays until it has another one.
place_audit_policy() {
	local file
	for file in "$FILES"/audit/*.yaml; do
		[[ ! -e $file ]] || place "$file" "$AUDIT/${file##*/}" 0600
	done
}

remove_old_policies() {
	local file
	for file in "$AUDIT"/*.yaml; do
		[[ ! -e $file || -e $FILES/audit/${file##*/} ]] || rm "$file"
	done
}

# pod_of COMPONENT prints the identity of the pod that its container belongs to: the kubelet gives a static pod another one
# when its manifest changes.
pod_of() {
	local container
	container=$(running "$1" | head --lines 1)
	[[ -z $container ]] || containers containers info "$container" | sed -n 's/.*"io.kubernetes.pod.uid": "\([^"]*\)".*/\1/p' | head --lines 1
}

another_pod() {
	local now
	now=$(pod_of "$1")
	[[ -n $now && $now != "$2" ]]
}

# write_manifests DIRECTORY PHASE... lets kubeadm write manifests into a directory that no kubelet looks at.
write_manifests() {
	local directory=$1
	shift
	KUBEADM_INIT_DRYRUN_DIR=$directory logged manifests timeout 120 kubeadm init phase "$@" --config "$CONFIG" --dry-run ||
		fail "kubeadm could not write the control plane's manifests" "read what it says, then run pulumi up again" cat "$LOGS/manifests.log"
}

# refresh_components lets kubeadm write the manifests elsewhere, so that one that it is killed over is not half a manifest,
# and takes over those that changed.
refresh_components() {
	local file name before work=$STATE/manifests
	rm -rf "$work"
	install -d -m 0700 "$work"
	write_manifests "$work" etcd local
	write_manifests "$work" control-plane all
	for file in "$work"/etcd.yaml "$work"/kube-*.yaml; do
		[[ -e $file ]] || continue
		name=${file##*/} name=${name%.yaml}
		before=$(pod_of "$name")
		place "$file" "$KUBERNETES/manifests/$name.yaml" 0600
		[[ -n $CHANGED ]] || continue
		say "restarting $name with its new settings"
		end_components "$name"
		wait_for 180 another_pod "$name" "$before" ||
			fail "$name does not start with its new settings" "look at journalctl -u kubelet and crictl ps -a on the node" \
				crictl --timeout 10s ps --all --name "$name"
	done
	rm -rf "$work"
	await_api 300
	remove_old_policies
}
