#!/usr/bin/env bash
# Keeps the password of the backups, which comes on stdin.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

alone "$SCRIPT"
umask 077
install -d -m 0700 "$STATE/backup"
cat >"$STATE/backup/password.new"
[[ -s $STATE/backup/password.new ]] || fail "no password came on stdin" "run pulumi up with --replace for this step"
mv "$STATE/backup/password.new" "$STATE/backup/password"
