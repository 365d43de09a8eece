#!/usr/bin/env bash
# Prints the administrator's kubeconfig for use from outside. ADDRESS: host name or address of the API server there.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

alone "$SCRIPT"
copy=$(mktemp)
trap 'rm -f "$copy"' EXIT
cat "$KUBERNETES/admin.conf" >"$copy"
cluster=$(kubectl --kubeconfig "$copy" config view --output 'jsonpath={.clusters[0].name}')
kubectl --kubeconfig "$copy" config set-cluster "$cluster" --server "https://$ADDRESS:6443" >/dev/null
cat "$copy"
