#!/usr/bin/env bash
# Sourced by admit.sh and role-kubeconfig.sh: client certificates that the cluster's own signers make.
# https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/
# shellcheck disable=SC2154 # variables of lib.sh

# client_signed NAME CERTIFICATE keeps the certificate, once there is one.
client_signed() {
	local encoded
	encoded=$(admin get certificatesigningrequest "$1" --output 'jsonpath={.status.certificate}')
	[[ -n $encoded ]] && base64 --decode <<<"$encoded" >"$2"
}

# sign_client NAME SIGNER REQUEST CERTIFICATE [SECONDS] has a request signed, for so many seconds or the signer's own time. The object
# NAME is there meanwhile.
sign_client() {
	local lifetime=
	[[ -z ${5:-} ]] || lifetime="\"expirationSeconds\": $5, "
	admin delete certificatesigningrequest "$1" --ignore-not-found >/dev/null
	admin create --filename - >/dev/null <<END
{
  "apiVersion": "certificates.k8s.io/v1",
  "kind": "CertificateSigningRequest",
  "metadata": {"name": "$1"},
  "spec": {
    "request": "$(base64 --wrap 0 "$3")",
    "signerName": "kubernetes.io/$2", $lifetime
    "usages": ["digital signature", "client auth"]
  }
}
END
	admin certificate approve "$1" >/dev/null
	wait_for 120 client_signed "$1" "$4" ||
		fail "the certificate was not signed" "look at the log of kube-controller-manager" \
			admin describe certificatesigningrequest "$1"
	admin delete certificatesigningrequest "$1" --ignore-not-found >/dev/null
}
