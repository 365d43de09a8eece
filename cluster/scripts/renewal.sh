#!/usr/bin/env bash
# Sourced by init.sh and join.sh: certificates made anew whenever RENEWAL, any text, is another one than the last time.
# shellcheck disable=SC2154 # variables of lib.sh

RENEWED=$STATE/renewed
KUBELET_PKI=$ROOT/var/lib/kubelet/pki
OLD_CERTIFICATES=$STATE/old-certificates

renewal_due() {
	[[ -n ${RENEWAL:-} ]] || return 1
	! kept "$RENEWED" "$RENEWAL"
}

# remember_renewal is called once everything is renewed, so that an interrupted renewal is repeated.
remember_renewal() {
	keep "$RENEWED" <<<"${RENEWAL:-}"
}

# renew_kubelet CERTIFICATE KEY gives the kubelet a certificate for the API server. Its serving certificate it signs
# itself, when it starts and has none.
renew_kubelet() {
	local name
	name=$KUBELET_PKI/kubelet-client-$(date --utc +%Y-%m-%d-%H-%M-%S).pem
	(umask 077 && cat "$1" "$2" >"$name.new")
	mv "$name.new" "$name"
	ln --symbolic --force "${name#"$ROOT"}" "$KUBELET_PKI/kubelet-client-current.pem.new"
	mv --no-target-directory "$KUBELET_PKI/kubelet-client-current.pem.new" "$KUBELET_PKI/kubelet-client-current.pem"
	install -d -m 0700 "$OLD_CERTIFICATES"
	if [[ -e $KUBELET_PKI/kubelet.crt ]]; then
		mv "$KUBELET_PKI/kubelet.crt" "$KUBELET_PKI/kubelet.key" "$OLD_CERTIFICATES/"
	fi
	say "restarting the kubelet with its new certificates"
	systemctl restart kubelet
	wait_for 120 kubelet_healthy ||
		fail "the kubelet does not answer: $LAST" "look at journalctl -u kubelet" journalctl --unit kubelet --lines 20 --no-pager
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
	say "restarting the control plane with its new certificates"
	restart_components "${COMPONENTS[@]}"
	renew_kubelet "$work/node.crt" "$work/node.key"
	rm -rf "$work"
}
