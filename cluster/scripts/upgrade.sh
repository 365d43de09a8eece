#!/usr/bin/env bash
# Brings a worker that has no pods to lose to the cluster's version of Kubernetes and of the container runtime, and opens it again.
# NODE_NAME, KUBERNETES_VERSION, CONTAINERD_VERSION, IGNORE: checks of kubeadm that only warn.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
# shellcheck source-path=SCRIPTDIR source=packages.sh
source "${BASH_SOURCE[0]%/*}/packages.sh"
# shellcheck source-path=SCRIPTDIR source=containerd.sh
source "${BASH_SOURCE[0]%/*}/containerd.sh"
# shellcheck source-path=SCRIPTDIR source=version.sh
source "${BASH_SOURCE[0]%/*}/version.sh"

CREDENTIALS=$KUBERNETES/kubelet.conf

alone "$SCRIPT"
if is_current; then
	say "this node runs Kubernetes $KUBERNETES_VERSION on containerd $CONTAINERD_VERSION"
	exit 0
fi
keep "$UPGRADING" <<<"$KUBERNETES_VERSION"
upgrade_runtime
install_held kubeadm
say "fetching the node's new settings"
wait_for 120 timeout 100 kubeadm upgrade node --ignore-preflight-errors "$IGNORE" ||
	fail "kubeadm could not upgrade the node's settings" "read what it says, then run pulumi up again" printf '%s\n' "$LAST"
upgrade_kubelet
open_node
rm -f "$UPGRADING"
say "$NODE_NAME runs Kubernetes $KUBERNETES_VERSION on containerd $CONTAINERD_VERSION"
