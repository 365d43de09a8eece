#!/usr/bin/env bash
# Keeps where the backups are, and what it takes to read them: their password and, where the storage wants a key, its ID and
# its secret, one a line on stdin. ACTION=install|remove; REPOSITORY, as restic names it.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

BACKUP=$STATE/backup

alone "$SCRIPT"
umask 077
install -d -m 0700 "$BACKUP"
case $ACTION in
install)
	mapfile -t lines
	[[ -n ${lines[0]:-} ]] || fail "no password came on stdin" "run pulumi up with --replace for this step"
	printf '%s' "${lines[0]}" | keep "$BACKUP/password"
	rm -f "$BACKUP/credentials"
	if ((${#lines[@]} > 1)); then
		printf '[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n' "${lines[@]:1:2}" | keep "$BACKUP/credentials"
	fi
	keep "$BACKUP/repository" <<<"$REPOSITORY"
	;;
remove)
	rm -f "$BACKUP/password" "$BACKUP/credentials" "$BACKUP/repository"
	;;
*)
	fail "ACTION is $ACTION" "use install or remove"
	;;
esac
