#!/usr/bin/env bash
# Joins this worker to the cluster with the kubelet's certificate and the kubeconfig on stdin, or brings a member to the cluster's
# present settings. NODE_NAME, ENDPOINT, KUBERNETES_VERSION; RENEWAL: optional, another text renews the kubelet's certificates.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
# shellcheck source-path=SCRIPTDIR source=serving.sh
source "${BASH_SOURCE[0]%/*}/serving.sh"
# shellcheck source-path=SCRIPTDIR source=renewal.sh
source "${BASH_SOURCE[0]%/*}/renewal.sh"
# shellcheck source-path=SCRIPTDIR source=packages.sh
source "${BASH_SOURCE[0]%/*}/packages.sh"

DIRECTORY=$STATE/join
DISCOVERY=$DIRECTORY/discovery.conf
SERVING=$DIRECTORY/serving.crt
# Holds the cluster's certificate authority once the node is registered there.
MARKER=$STATE/joined

field() {
	sed -n "s/^ *$1: *//p" "$DISCOVERY"
}

api_answers() {
	curl --silent --show-error --max-time 5 --cacert "$DIRECTORY/ca.crt" --output /dev/null "https://$ENDPOINT/livez"
}

# get FILE ... asks the API server with a kubeconfig of this node.
get() {
	kubectl --kubeconfig "$1" --request-timeout=10s get node "$NODE_NAME" "${@:2}"
}

# A machine that takes another one's place meets its Node, which counts as ready for a while.
name_is_free() {
	local status
	status=$(get "$DISCOVERY" --ignore-not-found --output 'jsonpath={.status.conditions[?(@.type=="Ready")].status}') && [[ $status != True ]]
}

join() {
	if [[ -e $KUBERNETES/kubelet.conf || -e $KUBERNETES/bootstrap-kubelet.conf || -e $KUBERNETES/pki/ca.crt ]]; then
		say "removing what an unfinished join left"
		reset_node
	fi
	embedded "$DISCOVERY" client-certificate-data | openssl x509 -noout -checkend 60 >/dev/null ||
		fail "the certificate this node joins with has expired" "run pulumi up with --replace for the step admit of this node"
	say "waiting until the name $NODE_NAME is free in the cluster"
	wait_for 180 name_is_free ||
		fail "the cluster has a ready node $NODE_NAME, or does not tell: $LAST" "give this node another name, or delete that one: kubectl delete node $NODE_NAME"
	place_serving "$SERVING" "$DIRECTORY/node.key"
	say "running kubeadm join"
	logged join timeout 600 kubeadm join --config "$FILES/kubeadm.yaml" ||
		fail "kubeadm join failed" "read what it says; running pulumi up again resets the node first" cat "$LOGS/join.log"
	say "waiting for the node to be registered"
	wait_for 180 get "$KUBERNETES/kubelet.conf" ||
		fail "the node is not registered: $LAST" "look at journalctl -u kubelet on the node" journalctl --unit kubelet --lines 20 --no-pager
	serving_began
	remember_renewal
	# What the marker stands for is on the disk before it.
	sync
	keep "$MARKER" <<<"$authority"
	say "the node has joined"
}

alone "$SCRIPT"
install -d -m 0700 "$DIRECTORY"
admission=$(cat)
keep "$SERVING" < <(sed -n '/^-----BEGIN CERTIFICATE-----$/,/^-----END CERTIFICATE-----$/p' <<<"$admission")
keep "$DISCOVERY" < <(sed '/^-----BEGIN CERTIFICATE-----$/,/^-----END CERTIFICATE-----$/d' <<<"$admission")
authority=$(field certificate-authority-data)
[[ -n $authority ]] ||
	fail "what came on stdin is not a kubeconfig" "run pulumi up again with --replace for the step admit of this node"
base64 --decode <<<"$authority" >"$DIRECTORY/ca.crt"

say "waiting for the API server"
wait_for 300 api_answers ||
	fail "the API server at $ENDPOINT cannot be reached from this node: $LAST" \
		"see whether the control plane runs and its security group admits port ${ENDPOINT##*:} from this node" ip route get "${ENDPOINT%:*}"
if kept "$MARKER" "$authority" && [[ -s $KUBERNETES/kubelet.conf ]]; then
	if renewal_due; then
		say "renewing the kubelet's certificates"
		embedded "$DISCOVERY" client-certificate-data >"$DIRECTORY/node.crt"
		renew_kubelet "$DIRECTORY/node.crt" "$DIRECTORY/node.key" "$SERVING" "$DIRECTORY/node.key"
		remember_renewal
	elif ! serves_signed "$DIRECTORY/ca.crt"; then
		place_serving "$SERVING" "$DIRECTORY/node.key"
		restart_kubelet
	fi
	# Settings of another version come with that version, when this node is upgraded.
	if has_version kubelet; then
		refresh_kubelet
	fi
	say "the node is a member and up to date"
else
	rm -f "$MARKER"
	join
fi
