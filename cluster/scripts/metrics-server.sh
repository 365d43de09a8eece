#!/usr/bin/env bash
# Keeps the certificate by which the API server knows metrics-server, of the cluster's own authority, in the Secret that its pod
# reads. The key is drawn here. ACTION=install|remove. Optional: RENEWAL, any text; another one than the last time is another certificate.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
# shellcheck source-path=SCRIPTDIR source=serving.sh
source "${BASH_SOURCE[0]%/*}/serving.sh"

NAMESPACE=kube-system
SECRET=metrics-server-serving
# The Service as the API server calls it.
HOST=metrics-server.$NAMESPACE.svc
# Beside the other certificates, whose list names it too.
PAIR=$KUBERNETES/pki/metrics-server
RENEWED=$STATE/metrics-server-renewed

# good tells whether there is a certificate of the present authority with its key, and none that is to be renewed.
good() {
	[[ -s $PAIR.crt && -s $PAIR.key ]] && { [[ -z ${RENEWAL:-} ]] || kept "$RENEWED" "$RENEWAL"; } &&
		openssl verify -CAfile "$KUBERNETES/pki/ca.crt" "$PAIR.crt" >/dev/null 2>&1 &&
		[[ $(openssl x509 -in "$PAIR.crt" -noout -pubkey) == $(openssl pkey -in "$PAIR.key" -pubout) ]]
}

draw() {
	say "making the certificate of metrics-server"
	work=$(mktemp --directory)
	trap 'rm -rf "$work"' EXIT
	if ! openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj "/CN=$HOST" \
		-keyout "$work/key" -out "$work/csr" 2>"$LOGS/serving.log" || ! sign_serving "$work/csr" "$work/crt" "DNS:$HOST"; then
		fail "the certificate of metrics-server cannot be signed" "see whether the cluster's authority is in $KUBERNETES/pki" cat "$LOGS/serving.log"
	fi
	place "$work/key" "$PAIR.key" 0600
	place "$work/crt" "$PAIR.crt" 0644
	keep "$RENEWED" <<<"${RENEWAL:-}"
}

# store writes the Secret, which its pod sees within a minute or two and reads again by itself.
store() {
	kubectl create secret tls "$SECRET" --namespace "$NAMESPACE" --cert "$PAIR.crt" --key "$PAIR.key" --dry-run=client --output json |
		admin apply --server-side --force-conflicts --field-manager ecommerce-platform --filename -
}

alone "$SCRIPT"
case $ACTION in
install)
	good || draw
	wait_for 120 store ||
		fail "the Secret $SECRET cannot be written: $LAST" "look at the API server's log, then run pulumi up again" admin get --raw=/readyz?verbose
	;;
remove)
	wait_for 60 admin --namespace "$NAMESPACE" delete secret "$SECRET" --ignore-not-found ||
		fail "the Secret $SECRET cannot be deleted: $LAST" "look at the API server's log, then run pulumi up again" admin get --raw=/readyz?verbose
	rm -f "$PAIR.crt" "$PAIR.key" "$RENEWED"
	;;
*)
	fail "ACTION is $ACTION" "use install or remove"
	;;
esac
