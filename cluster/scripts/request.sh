#!/usr/bin/env bash
# Prints this node's request for a certificate to join with. The key stays here. NODE_NAME.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

DIRECTORY=$STATE/join
KEY=$DIRECTORY/node.key
REQUEST=$DIRECTORY/node.csr
# The name by which the API server knows a kubelet.
SUBJECT=/O=system:nodes/CN=system:node:$NODE_NAME

alone "$SCRIPT"
install -d -m 0700 "$DIRECTORY"
if [[ ! -s $KEY ]]; then
	say "drawing this node's key"
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$KEY.new" 2>"$LOGS/request.log" ||
		fail "no key can be made" "see whether openssl works on the node" cat "$LOGS/request.log"
	mv "$KEY.new" "$KEY"
	rm -f "$REQUEST"
fi
if [[ ! -s $REQUEST ]]; then
	openssl req -new -key "$KEY" -subj "$SUBJECT" -out "$REQUEST.new" 2>"$LOGS/request.log" ||
		fail "no request can be made" "see whether openssl works on the node" cat "$LOGS/request.log"
	mv "$REQUEST.new" "$REQUEST"
fi
cat "$REQUEST"
