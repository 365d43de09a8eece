#!/usr/bin/env bash
# Prints this node's certificates, one a line: when it expires, and its file.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

# expiry prints the day on which the certificate on stdin ends.
expiry() {
	local end
	end=$(openssl x509 -noout -enddate 2>/dev/null) || return 1
	date --utc --date "${end#notAfter=}" +%Y-%m-%dT%H:%M:%SZ
}

list() {
	local file end
	for file in "$KUBERNETES"/pki/*.crt "$KUBERNETES"/pki/etcd/*.crt "$ROOT"/var/lib/kubelet/pki/{kubelet.crt,kubelet-client-current.pem,kubelet-server-current.pem}; do
		[[ -e $file ]] || continue
		end=$(expiry <"$file") ||
			fail "${file#"$ROOT"} is not a certificate" "look at it on the node: openssl x509 -in ${file#"$ROOT"} -text"
		printf '%s %s\n' "$end" "${file#"$ROOT"}"
	done
	for file in "$KUBERNETES"/*.conf; do
		# A kubeconfig without one names a file that is in the list above.
		if [[ -e $file ]] && grep -q client-certificate-data "$file"; then
			end=$(embedded "$file" client-certificate-data | expiry) ||
				fail "${file#"$ROOT"} holds no certificate" "make it anew: kubeadm certs renew all"
			printf '%s %s\n' "$end" "${file#"$ROOT"}"
		fi
	done
}

alone "$SCRIPT"
list
