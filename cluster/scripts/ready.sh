#!/usr/bin/env bash
# Waits for what needs pod addresses: the cluster's DNS and Calico's controllers.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

evidence() {
	admin get nodes --output wide
	admin --namespace kube-system get pods --output wide
	admin --namespace kube-system get events --field-selector type=Warning --sort-by .lastTimestamp
}

alone "$SCRIPT"
for deployment in calico-kube-controllers coredns; do
	say "waiting for $deployment"
	logged ready timeout 330 kubectl --kubeconfig "$KUBERNETES/admin.conf" --namespace kube-system \
		rollout status "deployment/$deployment" --timeout 300s ||
		fail "$deployment is not ready after 5 minutes" \
			"the pods and events above say why; no address means that the pool is missing or full" evidence
done
say "the cluster is ready"
