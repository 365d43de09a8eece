#!/usr/bin/env bash
# Prints a kubeconfig of the user platform:ROLE, for use from outside. Its key is drawn here and kept nowhere else.
# ROLE; ADDRESS: host name or address of the API server there; LIFETIME: for how many seconds it is good. RENEWAL, any text: another
# one has this script run again.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
# shellcheck source-path=SCRIPTDIR source=signing.sh
source "${BASH_SOURCE[0]%/*}/signing.sh"

alone "$SCRIPT-$ROLE"
umask 077
work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj "/O=platform:$ROLE/CN=platform:$ROLE" \
	-keyout "$work/user.key" -out "$work/user.csr" 2>"$LOGS/role-kubeconfig.log" ||
	fail "no key can be made" "read what openssl says, then run pulumi up again" cat "$LOGS/role-kubeconfig.log"
# shellcheck disable=SC2153 # LIFETIME comes from outside
sign_client "platform-kubeconfig-$ROLE" kube-apiserver-client "$work/user.csr" "$work/user.crt" "$LIFETIME"

config() {
	kubectl --kubeconfig "$work/kubeconfig" config "$@" >/dev/null
}
config set-cluster platform --server "https://$ADDRESS:6443" --certificate-authority "$KUBERNETES/pki/ca.crt" --embed-certs
config set-credentials "platform:$ROLE" --client-certificate "$work/user.crt" --client-key "$work/user.key" --embed-certs
config set-context "$ROLE" --cluster platform --user "platform:$ROLE"
config use-context "$ROLE"
cat "$work/kubeconfig"
