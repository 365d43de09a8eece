#!/usr/bin/env bash
# Starts the control plane with kubeadm, or brings a running one to the present configuration.
# NODE_NAME, ENDPOINT (host:port of the API server for nodes), ADDRESS (host for people),
# KUBERNETES_VERSION, CONTAINERD_VERSION, POD_CIDR, SERVICE_CIDR, IGNORE: checks of kubeadm that only warn. Optional, and at work when it is
# another text than the last time: RENEWAL renews the certificates; SECRETS_KEY_ROTATION encrypts Secrets with a new key; RESTORE puts the
# control plane back to a point of the backups.
# KNOWN: set where there has been a control plane before, whose newest point a new machine starts from.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
# shellcheck source-path=SCRIPTDIR source=evict.sh
source "${BASH_SOURCE[0]%/*}/evict.sh"
# shellcheck source-path=SCRIPTDIR source=components.sh
source "${BASH_SOURCE[0]%/*}/components.sh"
# shellcheck source-path=SCRIPTDIR source=manifests.sh
source "${BASH_SOURCE[0]%/*}/manifests.sh"
# shellcheck source-path=SCRIPTDIR source=encryption.sh
source "${BASH_SOURCE[0]%/*}/encryption.sh"
# shellcheck source-path=SCRIPTDIR source=serving.sh
source "${BASH_SOURCE[0]%/*}/serving.sh"
# shellcheck source-path=SCRIPTDIR source=renewal.sh
source "${BASH_SOURCE[0]%/*}/renewal.sh"
# shellcheck source-path=SCRIPTDIR source=packages.sh
source "${BASH_SOURCE[0]%/*}/packages.sh"
# shellcheck source-path=SCRIPTDIR source=containerd.sh
source "${BASH_SOURCE[0]%/*}/containerd.sh"
# shellcheck source-path=SCRIPTDIR source=version.sh
source "${BASH_SOURCE[0]%/*}/version.sh"
# shellcheck source-path=SCRIPTDIR source=repository.sh
source "${BASH_SOURCE[0]%/*}/repository.sh"
# shellcheck source-path=SCRIPTDIR source=restore.sh
source "${BASH_SOURCE[0]%/*}/restore.sh"

CREDENTIALS=$KUBERNETES/admin.conf

CONFIG=$FILES/kubeadm.yaml
# Written when the API server was ready for the first time: the files kubeadm leaves prove nothing.
MARKER=$STATE/initialized
# The settings that kube-proxy was started with last.
PROXY=$STATE/kube-proxy

ready() {
	admin get --raw=/readyz
}

# What a cluster is built on and cannot change.
foundation() {
	printf 'controlPlane %s\npodCidr %s\nserviceCidr %s\n' "$ENDPOINT" "$POD_CIDR" "$SERVICE_CIDR"
}

check_foundation() {
	local key value was
	while read -r key was; do
		value=$(foundation | sed -n "s/^$key //p")
		[[ $value == "$was" ]] ||
			fail "$key \"$value\": cannot change on a running cluster, was \"$was\"" "set it back, or destroy the cluster first"
	done <"$MARKER"
}

await_api() {
	say "waiting for the API server"
	wait_for "$1" ready ||
		fail "the API server is not ready after $1 seconds: $LAST" \
			"look at crictl ps -a and journalctl -u kubelet on the node, then run pulumi up again" crictl --timeout 10s ps --all
}

# An initialisation that broke off left files, processes and perhaps an etcd with half of a cluster.
remove_unfinished() {
	local others
	[[ -e $KUBERNETES/admin.conf || -e $KUBERNETES/kubelet.conf || -d $KUBERNETES/pki || -d $ROOT/var/lib/etcd/member ]] || return 0
	if others=$(admin get nodes --output name 2>/dev/null) && others=$(grep -vx "node/$NODE_NAME" <<<"$others"); then
		fail "this control plane has members, but $MARKER is missing" \
			"if the cluster is to be kept, write this to $MARKER: $(foundation | paste -sd '|' | sed 's/|/\\n/g')" printf '%s\n' "$others"
	fi
	say "removing what an unfinished initialisation left"
	reset_node
}

pull_images() {
	say "pulling images"
	wait_for 600 timeout 300 kubeadm config images pull --config "$CONFIG" ||
		fail "the control plane's images cannot be pulled" "let the node reach registry.k8s.io, or set mirrors.images" printf '%s\n' "$LAST"
}

# remove_broken takes away what is left of a control plane that a backup is to replace.
remove_broken() {
	say "removing what is left of the control plane"
	keep "$INITIALIZING" <<<"$RESTORE"
	rm -f "$MARKER"
	reset_node
}

initialize() {
	local accepted=()
	if [[ -n $ASKED ]]; then
		remove_broken
	else
		remove_unfinished
	fi
	pull_images
	keep "$INITIALIZING" <<<"$NODE_NAME"
	if [[ -n $CHOSEN ]]; then
		place_authorities
		place_key
		place_etcd
		accepted=(--ignore-preflight-errors DirAvailable--var-lib-etcd)
	fi
	draw_key
	place_audit_policy
	logged authority timeout 60 kubeadm init phase certs ca --config "$CONFIG" ||
		fail "kubeadm could not make the cluster's authority" "read what it says, then run pulumi up again" cat "$LOGS/authority.log"
	certify_kubelet
	say "running kubeadm init"
	logged init timeout 600 kubeadm init --config "$CONFIG" --skip-token-print "${accepted[@]}" ||
		fail "kubeadm init failed" "read what it says; running pulumi up again resets the node first" cat "$LOGS/init.log"
	serving_began
	await_api 180
	# Nobody joins by token.
	admin --namespace kube-system delete secrets --field-selector type=bootstrap.kubernetes.io/token >/dev/null
	# A new cluster has written none without the key; a restored one may.
	[[ -z $CHOSEN ]] || encrypt_secrets
	remember_renewal
	remember_restore
	proxy_settings | keep "$PROXY"
	# What the marker stands for is on the disk before it.
	sync
	foundation | keep "$MARKER"
	rm -f "$INITIALIZING"
	say "the control plane is ready"
}

# certify_kubelet gives this node's kubelet a certificate of the cluster's authority, unless it has one.
certify_kubelet() {
	local work
	! serves_signed "$KUBERNETES/pki/ca.crt" || return 0
	work=$(mktemp --directory)
	make_serving "$work" "$NODE_NAME" "${ENDPOINT%:*}"
	place_serving "$work/serving.crt" "$work/serving.key"
	rm -rf "$work"
}

# certified COMMAND... tells whether the certificate that a command prints is good for ADDRESS.
certified() {
	local check=-checkhost
	[[ $ADDRESS =~ ^[0-9.]+$ ]] && check=-checkip
	[[ $("$@" 2>/dev/null | openssl x509 -noout "$check" "$ADDRESS" 2>/dev/null) == *"does match"* ]]
}

served_certificate() {
	timeout 10 openssl s_client -connect "$ENDPOINT" </dev/null
}

refresh_certificate() {
	local pki=$KUBERNETES/pki old=$STATE/old-certificate
	certified cat "$pki/apiserver.crt" && return 0
	say "giving the API server a certificate for $ADDRESS"
	install -d -m 0700 "$old"
	[[ ! -e $pki/apiserver.crt ]] || mv "$pki/apiserver.crt" "$pki/apiserver.key" "$old/"
	if ! logged certificate timeout 60 kubeadm init phase certs apiserver --config "$CONFIG"; then
		cp "$old/apiserver.crt" "$old/apiserver.key" "$pki/"
		fail "kubeadm could not make the API server's certificate" "read what it says, then run pulumi up again" cat "$LOGS/certificate.log"
	fi
	# The API server watches its files.
	wait_for 180 certified served_certificate ||
		fail "the API server still serves its old certificate" "restart it: crictl stop \$(crictl ps --quiet --name kube-apiserver)" crictl --timeout 10s ps --all
}

# An upgrade that was killed between moving an old manifest away and the new one in has left its component without one.
restore_manifests() {
	local name backup
	for name in "${COMPONENTS[@]}"; do
		backup=$(find "$KUBERNETES/tmp" -path "*/kubeadm-backup-manifests*/$name.yaml" 2>/dev/null | sort | tail -n 1) || true
		if [[ ! -e $KUBERNETES/manifests/$name.yaml && -n $backup ]]; then
			say "putting the manifest of $name back"
			place "$backup" "$KUBERNETES/manifests/$name.yaml" 0600
		fi
	done
}

# check_cluster refuses what the whole cluster cannot go to: a worker that was left behind has to catch up first.
check_cluster() {
	local node version
	check_step "$running" "the cluster"
	api get nodes --output 'jsonpath={range .items[*]}{.metadata.name} {.status.nodeInfo.kubeletVersion}{"\n"}{end}' >"$STATE/versions"
	while read -r node version; do
		check_step "${version#v}" "$node"
	done <"$STATE/versions"
}

# kubeadm first tries whether the cluster runs a pod within 15 seconds, which a control plane that has just been started does not.
apply_upgrade() {
	logged upgrade timeout 1200 kubeadm upgrade apply "v$KUBERNETES_VERSION" --yes --patches "$FILES/patches" --ignore-preflight-errors "$IGNORE"
}

# upgrade takes the control plane to KUBERNETES_VERSION. Its workloads go on without the API server,
# which is away for some seconds; the pods on this node move first when its kubelet has its turn.
upgrade() {
	local running
	running=$(api get --raw /version | sed -n 's/.*"gitVersion": *"v\([0-9.]*\).*/\1/p')
	check_cluster
	if [[ -e $UPGRADING ]] || ! runs_kubernetes; then
		keep "$UPGRADING" <<<"$KUBERNETES_VERSION"
		install_held kubeadm
		pull_images
		say "upgrading the control plane from $running to $KUBERNETES_VERSION"
		wait_for 300 apply_upgrade ||
			fail "kubeadm upgrade apply failed" "read what it says, then run pulumi up again" cat "$LOGS/upgrade.log"
		await_api 180
	else
		keep "$UPGRADING" <<<"$KUBERNETES_VERSION"
	fi
	close_node
	upgrade_runtime
	upgrade_kubelet
	await_api 180
	open_node
	rm -f "$UPGRADING"
}

# proxy_settings prints kube-proxy's part of the configuration.
proxy_settings() {
	awk 'BEGIN { RS = "---\n" } /(^|\n)kind: KubeProxyConfiguration\n/' "$CONFIG"
}

# refresh_proxy brings kube-proxy to the present settings: its pods read them when they start, and nobody else restarts them.
refresh_proxy() {
	kept "$PROXY" "$(proxy_settings)" && return 0
	say "restarting kube-proxy with its new settings"
	logged kube-proxy timeout 120 kubeadm init phase addon kube-proxy --config "$CONFIG" ||
		fail "kubeadm could not write kube-proxy's settings" "read what it says, then run pulumi up again" cat "$LOGS/kube-proxy.log"
	wait_for 60 admin --namespace kube-system rollout restart daemonset/kube-proxy ||
		fail "kube-proxy cannot be restarted: $LAST" "look at the API server's log, then run pulumi up again"
	wait_for 300 rolled_out kube-system daemonset/kube-proxy ||
		fail "kube-proxy is not ready after 5 minutes: $LAST" "a setting under kubeProxy may be wrong: see what its pods say" \
			admin --namespace kube-system logs --selector k8s-app=kube-proxy --tail 15 --prefix
	proxy_settings | keep "$PROXY"
}

refresh() {
	rm -f "$INITIALIZING"
	check_foundation
	[[ ! -e $UPGRADING ]] || restore_manifests
	if [[ -n $CHOSEN ]]; then
		restore_etcd
		await_api 300
		remember_restore
	fi
	if renewal_due; then
		renew_control_plane
		await_api 300
		remember_renewal
	fi
	await_api 300
	is_current || upgrade
	say "storing the cluster's configuration"
	logged upload-config timeout 120 kubeadm init phase upload-config all --config "$CONFIG" ||
		fail "kubeadm could not store the configuration" "read what it says, then run pulumi up again" cat "$LOGS/upload-config.log"
	draw_key
	place_audit_policy
	certify_kubelet
	[[ ! -e $UNSERVED ]] || restart_kubelet
	refresh_components
	refresh_certificate
	refresh_kubelet
	await_api 180
	refresh_proxy
	encrypt_secrets
	say "the control plane is up to date"
}

alone "$SCRIPT"
exclusive
choose_point
[[ -z $CHOSEN ]] || fetch_restore
if [[ -s $MARKER ]] && { [[ -z $CHOSEN ]] || whole; }; then
	refresh
else
	initialize
fi
