#!/usr/bin/env bash
# Sourced by init.sh, admit.sh and join.sh, and by metrics-server.sh for its own: the certificate by which the API server knows a
# node's kubelet, of the cluster's own authority. A kubelet that finds none signs itself one, which proves nothing.
# shellcheck disable=SC2154 # variables of lib.sh

KUBELET_PKI=$ROOT/var/lib/kubelet/pki
# There from before a certificate is put in place until the kubelet serves it.
UNSERVED=$STATE/kubelet-certificate

# sign_serving REQUEST CERTIFICATE NAMES makes a certificate, for a year, for the key in a request. What else the request asks
# for counts for nothing. NAMES are such as DNS:worker-node-1, IP:172.31.2.239.
sign_serving() {
	local serial
	serial=$(openssl rand -hex 16)
	openssl x509 -req -in "$1" -out "$2" -days 365 -set_serial "0x$serial" -CA "$KUBERNETES/pki/ca.crt" -CAkey "$KUBERNETES/pki/ca.key" \
		-extfile <(printf '%s\n' "subjectAltName = $3" "basicConstraints = critical, CA:FALSE" \
			"keyUsage = critical, digitalSignature, keyEncipherment" "extendedKeyUsage = serverAuth") >"$LOGS/serving.log" 2>&1
}

# serves_signed AUTHORITY tells whether the kubelet has a key with a certificate of that authority, which is good today.
serves_signed() {
	local certificate=$KUBELET_PKI/kubelet.crt
	[[ -s $certificate && -s $KUBELET_PKI/kubelet.key && ! -e $UNSERVED ]] &&
		openssl verify -CAfile "$1" "$certificate" >/dev/null 2>&1 &&
		[[ $(openssl x509 -in "$certificate" -noout -pubkey) == $(openssl pkey -in "$KUBELET_PKI/kubelet.key" -pubout) ]]
}

# place_serving CERTIFICATE KEY puts them where a kubelet looks for them.
place_serving() {
	keep "$UNSERVED" <<<"$1"
	place "$2" "$KUBELET_PKI/kubelet.key" 0600
	place "$1" "$KUBELET_PKI/kubelet.crt" 0644
}

# serving_began is for when a kubelet has started with what was placed.
serving_began() {
	rm -f "$UNSERVED"
}

restart_kubelet() {
	say "restarting the kubelet with its new certificates"
	systemctl restart kubelet
	wait_for 120 kubelet_healthy ||
		fail "the kubelet does not answer: $LAST" "look at journalctl -u kubelet" journalctl --unit kubelet --lines 20 --no-pager
	serving_began
}

# make_serving DIRECTORY NAME ADDRESS makes serving.key and serving.crt there, on the machine that holds the authority.
make_serving() {
	if ! openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj "/O=system:nodes/CN=system:node:$2" \
		-keyout "$1/serving.key" -out "$1/serving.csr" 2>"$LOGS/serving.log" ||
		! sign_serving "$1/serving.csr" "$1/serving.crt" "DNS:$2, IP:$3"; then
		fail "the kubelet's certificate cannot be signed" "see whether the cluster's authority is in $KUBERNETES/pki" cat "$LOGS/serving.log"
	fi
}
