#!/usr/bin/env bash
# Moves the pods of a worker elsewhere before its upgrade. NODE_NAME, KUBERNETES_VERSION, CONTAINERD_VERSION.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
# shellcheck source-path=SCRIPTDIR source=evict.sh
source "${BASH_SOURCE[0]%/*}/evict.sh"
# shellcheck source-path=SCRIPTDIR source=version.sh
source "${BASH_SOURCE[0]%/*}/version.sh"

CREDENTIALS=$KUBERNETES/admin.conf

node_version() {
	api get node "$NODE_NAME" --output 'jsonpath={.status.nodeInfo.kubeletVersion} {.status.nodeInfo.containerRuntimeVersion}'
}

alone "$SCRIPT-$NODE_NAME"
wait_for 120 node_version ||
	fail "the API server does not tell about $NODE_NAME: $LAST" "look at its log, then run pulumi up again"
version=$LAST
# Builds of containerd tell their version with or without a v, and some add their packager's.
if [[ ${version/containerd:\/\/v/containerd:\/\/} =~ ^"v$KUBERNETES_VERSION containerd://$CONTAINERD_VERSION"([^0-9.].*)?$ ]]; then
	say "$NODE_NAME runs Kubernetes $KUBERNETES_VERSION on containerd $CONTAINERD_VERSION"
else
	close_node
	say "$NODE_NAME is ready for its upgrade from $version"
fi
