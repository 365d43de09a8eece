#!/usr/bin/env bash
# Installs Calico from its checked manifest with the platform's patches. Pods get addresses later, from a pool, and ready.sh
# waits for the agent on the nodes: the pool is to be there by then. CALICO_VERSION, MANIFEST_URL, MANIFEST_SHA256.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
# shellcheck source-path=SCRIPTDIR source=version.sh
source "${BASH_SOURCE[0]%/*}/version.sh"

DIRECTORY=$STATE/calico
MANIFEST=$DIRECTORY/calico.yaml
CRDS=(ippools.crd.projectcalico.org bgpconfigurations.crd.projectcalico.org)

checked() {
	sha256sum --check --status <<<"$MANIFEST_SHA256  $1"
}

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
if ! checked "$MANIFEST" 2>/dev/null; then
	say "fetching $MANIFEST_URL"
	fetch "$MANIFEST_URL" "$MANIFEST.unchecked" ||
		fail "Calico's manifest cannot be fetched: $LAST" "let the control plane reach $MANIFEST_URL, or set mirrors.manifests"
	checked "$MANIFEST.unchecked" ||
		fail "the checksum of $MANIFEST_URL is not $MANIFEST_SHA256" "calicoVersion and calicoManifestSha256 must go together" sha256sum "$MANIFEST.unchecked"
	mv "$MANIFEST.unchecked" "$MANIFEST"
fi
place "$FILES/kustomization.yaml" "$DIRECTORY/kustomization.yaml" 0600

say "applying Calico's manifest"
kubectl kustomize "$DIRECTORY" >"$DIRECTORY/rendered.yaml.new" 2>"$LOGS/calico.log" ||
	fail "the patches do not fit this version of Calico" "use the version in the defaults" cat "$LOGS/calico.log"
mv "$DIRECTORY/rendered.yaml.new" "$DIRECTORY/rendered.yaml"
# Server-side, because the definitions are too large for the annotation of a client-side apply.
apply() {
	admin apply --server-side --force-conflicts --field-manager platform --filename "$DIRECTORY/rendered.yaml"
}
wait_for 120 apply ||
	fail "Calico's manifest cannot be applied" "read what the API server says" printf '%s\n' "$LAST"
logged calico timeout 150 kubectl --kubeconfig "$KUBERNETES/admin.conf" wait --for condition=Established --timeout 120s \
	"${CRDS[@]/#/customresourcedefinition/}" ||
	fail "Calico's resource types are not served" "look at the API server's log" cat "$LOGS/calico.log"

say "Calico is installed"
