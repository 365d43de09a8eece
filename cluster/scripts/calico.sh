#!/usr/bin/env bash
# Installs Calico from its checked manifest with the platform's patches. Pods get addresses later, from a pool, and ready.sh
# waits for the agent on the nodes: the pool is to be there by then. CALICO_VERSION, MANIFEST_URL, MANIFEST_SHA256.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
# shellcheck source-path=SCRIPTDIR source=version.sh
source "${BASH_SOURCE[0]%/*}/version.sh"
# shellcheck source-path=SCRIPTDIR source=published.sh
source "${BASH_SOURCE[0]%/*}/published.sh"

DIRECTORY=$STATE/calico
MANIFEST=$DIRECTORY/calico.yaml
CRDS=(ippools.crd.projectcalico.org bgpconfigurations.crd.projectcalico.org)

# running prints the version of the agent that the cluster has, or nothing where it has none yet.
running() {
	local image
	image=$(admin --namespace kube-system get daemonset calico-node --ignore-not-found \
		--output 'jsonpath={.spec.template.spec.containers[0].image}') || return 1
	[[ -z $image || $image == *:v*.*.* ]] || return 0
	printf '%s' "${image##*:v}"
}

# An older Calico does not know what a newer one keeps in the cluster.
check_calico() {
	wait_for 120 running ||
		fail "the API server does not tell which Calico runs: $LAST" "look at its log, then run pulumi up again"
	[[ -z $LAST ]] || check_forward calicoVersion "$CALICO_VERSION" "$LAST" "the cluster"
}

alone "$SCRIPT"
check_calico
install -d -m 0700 "$DIRECTORY"
fetch_manifest Calico "$MANIFEST" "calicoVersion and calicoManifestSha256"
place "$FILES/kustomization.yaml" "$DIRECTORY/kustomization.yaml" 0600

say "applying Calico's manifest"
kubectl kustomize "$DIRECTORY" >"$DIRECTORY/rendered.yaml.new" 2>"$LOGS/calico.log" ||
	fail "the patches do not fit this version of Calico" "use the version in the defaults" cat "$LOGS/calico.log"
mv "$DIRECTORY/rendered.yaml.new" "$DIRECTORY/rendered.yaml"
apply_manifest Calico "$DIRECTORY/rendered.yaml"
await_served Calico calico "${CRDS[@]/#/customresourcedefinition/}"

say "Calico is installed"
