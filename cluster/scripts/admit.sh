#!/usr/bin/env bash
# Signs a worker's request, which comes on stdin, and prints the kubeconfig that it joins with: all
# of it but the key, which the worker has. Before it, the certificate by which the API server will know the worker. NODE_NAME, NODE_IP, ENDPOINT.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
# shellcheck source-path=SCRIPTDIR source=serving.sh
source "${BASH_SOURCE[0]%/*}/serving.sh"
# shellcheck source-path=SCRIPTDIR source=signing.sh
source "${BASH_SOURCE[0]%/*}/signing.sh"

alone "$SCRIPT-$NODE_NAME"
work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
cat >"$work/node.csr"
# What it says of the signature comes on stderr from OpenSSL 3.0, and on stdout from 3.5.
checked=$(openssl req -in "$work/node.csr" -verify -noout -subject -nameopt RFC2253 2>&1) || true
subject=$(sed -n 's/^subject= *//p' <<<"$checked")
[[ $checked == *"verify OK"* && $subject == "CN=system:node:$NODE_NAME,O=system:nodes" ]] ||
	fail "the request of $NODE_NAME is not a certificate request in its name" "run pulumi up again with --replace for the step request of this node"

say "signing the certificate of $NODE_NAME"
sign_client "platform-join-$NODE_NAME" kube-apiserver-client-kubelet "$work/node.csr" "$work/node.crt"

config() {
	kubectl --kubeconfig "$work/join.conf" config "$@" >/dev/null
}
config set-cluster platform --server "https://$ENDPOINT" --certificate-authority "$KUBERNETES/pki/ca.crt" --embed-certs
config set-credentials node --client-certificate "$work/node.crt" --embed-certs
config set users.node.client-key /var/lib/platform/join/node.key
config set-context join --cluster platform --user node
config use-context join
sign_serving "$work/node.csr" "$work/serving.crt" "DNS:$NODE_NAME, IP:$NODE_IP" ||
	fail "the certificate of the kubelet of $NODE_NAME cannot be signed" "see whether the cluster's authority is in $KUBERNETES/pki" cat "$LOGS/serving.log"
cat "$work/serving.crt" "$work/join.conf"
