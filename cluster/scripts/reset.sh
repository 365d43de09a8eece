#!/usr/bin/env bash
# Makes a worker forget its cluster. Local volumes keep their data.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

remove_network() {
	local link
	rm -f "$ROOT"/etc/cni/net.d/*calico*
	ip route flush proto bird 2>/dev/null || true
	for link in $(ip -oneline link show | sed -n 's/^[0-9]*: \(cali[^@:]*\).*/\1/p'); do
		ip link delete "$link" 2>/dev/null || true
	done
	iptables-save | sed '/cali/d; /KUBE-/d' | iptables-restore
}

alone "$SCRIPT"
if [[ -e $KUBERNETES/kubelet.conf || -e $KUBERNETES/bootstrap-kubelet.conf || -s $STATE/joined ]]; then
	say "resetting the node"
	reset_node
	remove_network
fi
rm -rf "$STATE/join" "$STATE/joined"
say "the node is free"
