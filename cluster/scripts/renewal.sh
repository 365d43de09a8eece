#!/usr/bin/env bash
# Sourced by init.sh and join.sh, after serving.sh: certificates made anew whenever RENEWAL, any text, is another one than the last time.
# shellcheck disable=SC2154 # variables of lib.sh

RENEWED=$STATE/renewed

renewal_due() {
	[[ -n ${RENEWAL:-} ]] || return 1
	! kept "$RENEWED" "$RENEWAL"
}

# remember_renewal is called once everything is renewed, so that an interrupted renewal is repeated.
remember_renewal() {
	keep "$RENEWED" <<<"${RENEWAL:-}"
}

# renew_kubelet CERTIFICATE KEY SERVING_CERTIFICATE SERVING_KEY gives the kubelet a certificate for the API server, and one by
# which the API server knows it.
renew_kubelet() {
	local name
	name=$KUBELET_PKI/kubelet-client-$(date --utc +%Y-%m-%d-%H-%M-%S).pem
	(umask 077 && cat "$1" "$2" >"$name.new")
	mv "$name.new" "$name"
	ln --symbolic --force "${name#"$ROOT"}" "$KUBELET_PKI/kubelet-client-current.pem.new"
	mv --no-target-directory "$KUBELET_PKI/kubelet-client-current.pem.new" "$KUBELET_PKI/kubelet-client-current.pem"
	place_serving "$3" "$4"
	restart_kubelet
}

# renew_control_plane makes every certificate and kubeconfig of this node anew but the authorities', without asking the
# API server, whose certificate may have expired.
renew_control_plane() {
	local work
	say "renewing the control plane's certificates"
	work=$(mktemp --directory)
	if ! logged renewal timeout 120 kubeadm certs renew all --config "$CONFIG" ||
		! logged renewal timeout 60 kubeadm init phase kubeconfig kubelet --config "$CONFIG" --kubeconfig-dir "$work"; then
		rm -rf "$work"
		fail "kubeadm could not renew the certificates" "read what it says, then run pulumi up again" cat "$LOGS/renewal.log"
	fi
	embedded "$work/kubelet.conf" client-certificate-data >"$work/node.crt"
	(umask 077 && embedded "$work/kubelet.conf" client-key-data >"$work/node.key")
	make_serving "$work" "$NODE_NAME" "${ENDPOINT%:*}"
	say "restarting the control plane with its new certificates"
	restart_components "${COMPONENTS[@]}"
	renew_kubelet "$work/node.crt" "$work/node.key" "$work/serving.crt" "$work/serving.key"
	rm -rf "$work"
}
