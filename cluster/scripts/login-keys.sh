#!/usr/bin/env bash
# Lets the holders of LOGIN_KEYS, one a line, log in as LOGIN_USER, and nobody else. The file of authorized keys is this
# script's. sshd reads authorized_keys2 beside it as well: that one is left to people.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

DIRECTORY=$ROOT/home/$LOGIN_USER/.ssh
AUTHORIZED=$DIRECTORY/authorized_keys

# others prints the keys in the file that LOGIN_KEYS does not name, whatever options and comment they have.
others() {
	[[ ! -e $AUTHORIZED ]] || grep '^[^#]' "$AUTHORIZED" | grep --invert-match --fixed-strings --file <(printf '%s\n' "$LOGIN_KEYS") || true
}

alone "$SCRIPT"
[[ -n $LOGIN_KEYS ]] || fail "LOGIN_KEYS is empty, and nobody could log in any more" "name at least one key"
if kept "$AUTHORIZED" "$LOGIN_KEYS"; then
	say "the login keys are in place"
	exit 0
fi
taken=$(others)
if [[ -n $taken ]]; then
	say "taking away what else was authorized; keys of your own belong in ${AUTHORIZED}2"
	detail printf '%s\n' "$taken"
fi
say "authorizing login keys: $(wc --lines <<<"$LOGIN_KEYS")"
install -d -m 0700 "$DIRECTORY"
chown --reference "${DIRECTORY%/*}" "$DIRECTORY"
# As keep, but the user's: sshd reads it as that user.
(umask 077 && printf '%s\n' "$LOGIN_KEYS" >"$AUTHORIZED.new")
chown --reference "$DIRECTORY" "$AUTHORIZED.new"
sync "$AUTHORIZED.new"
mv "$AUTHORIZED.new" "$AUTHORIZED"
sync "$DIRECTORY"
say "the login keys are in place"
