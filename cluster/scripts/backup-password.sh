#!/usr/bin/env bash
# Keeps where the backups are, and what it takes to read them: their password and, where the storage wants a key, its ID and
# its secret, one a line on stdin. Another password than before is added to the repository, and the one of before removed from
# it. ACTION=install|remove; REPOSITORY, as restic names it.
set -euo pipefail
DESTINATION=${REPOSITORY:-}
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
# shellcheck source-path=SCRIPTDIR source=repository.sh
source "${BASH_SOURCE[0]%/*}/repository.sh"

PASSWORD=$BACKUP/password
# The password that is to come, and the one of before, as long as it may still open the repository.
NEXT=$BACKUP/password.next
BEFORE=$BACKUP/password.before

# look FILE sets LAST to what the repository is to the password in a file: there, locked or absent.
look() {
	RESTIC_PASSWORD_FILE=$1 wait_for 300 repository_is ||
		fail "the repository $REPOSITORY cannot be used, and so its password not changed" "see whether the node may read and write there" printf '%s\n' "$LAST"
}

# changes PASSWORD tells whether there is a repository that has to learn it, or that a run of before left with more than one.
changes() {
	[[ -s $PASSWORD && $REPOSITORY == "$DESTINATION" ]] && command -v restic >/dev/null || return 1
	[[ -e $BEFORE || -e $NEXT ]] || ! kept "$PASSWORD" "$1"
}

# learn_password lets the repository be opened by the password that is to come as well.
learn_password() {
	look "$NEXT"
	case $LAST in
	there | absent) return 0 ;;
	esac
	look "$PASSWORD"
	[[ $LAST == there ]] ||
		fail "the repository $REPOSITORY has neither the new password nor the one of before" "it was made with another keySeed or backupPassword: set that"
	say "adding the new password to $REPOSITORY"
	logged unlock timeout 300 restic unlock || true
	logged password timeout 300 restic key add --new-password-file "$NEXT" ||
		fail "the new password cannot be added to $REPOSITORY; the one of before counts" "read what restic says, then run pulumi up again" cat "$LOGS/password.log"
	look "$NEXT"
	[[ $LAST == there ]] ||
		fail "the new password does not open $REPOSITORY; the one of before counts" "read what restic says, then run pulumi up again" cat "$LOGS/password.log"
}

# key_of FILE prints the name of the repository's key that the password in a file opens.
key_of() {
	RESTIC_PASSWORD_FILE=$1 timeout 300 restic key list --json | tr '}' '\n' | sed -n 's/.*"current":true,"id":"\([0-9a-f]*\)".*/\1/p'
}

# forget_password FILE takes a password that is not the one that counts away from the repository, if it is there at all.
forget_password() {
	local key
	if [[ -s $1 ]] && ! cmp --silent "$1" "$PASSWORD"; then
		look "$1"
		while [[ $LAST == there ]]; do
			say "removing the password of before from $REPOSITORY"
			key=$(key_of "$1")
			logged unlock timeout 300 restic unlock || true
			logged password timeout 300 restic key remove "$key" ||
				fail "the password of before cannot be removed from $REPOSITORY, which both open" "read what restic says, then run pulumi up again" cat "$LOGS/password.log"
			look "$1"
		done
	fi
	rm -f "$1"
}

# change_password PASSWORD goes on where a run of before ended: at each point the password that is kept opens the repository, and
# each other one that may open it is in a file.
change_password() {
	exclusive
	forget_password "$BEFORE"
	kept "$NEXT" "$1" || forget_password "$NEXT"
	if ! kept "$PASSWORD" "$1"; then
		printf '%s' "$1" | keep "$NEXT"
		learn_password
		keep "$BEFORE" <"$PASSWORD"
		keep "$PASSWORD" <"$NEXT"
		forget_password "$BEFORE"
	fi
	rm -f "$NEXT"
}

alone "$SCRIPT"
umask 077
install -d -m 0700 "$BACKUP"
case $ACTION in
install)
	mapfile -t lines
	[[ -n ${lines[0]:-} ]] || fail "no password came on stdin" "run pulumi up with --replace for this step"
	unset AWS_SHARED_CREDENTIALS_FILE
	rm -f "$BACKUP/credentials"
	if ((${#lines[@]} > 1)); then
		printf '[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n' "${lines[@]:1:2}" | keep "$BACKUP/credentials"
		export AWS_SHARED_CREDENTIALS_FILE=$BACKUP/credentials
	fi
	if changes "${lines[0]}"; then
		change_password "${lines[0]}"
	else
		printf '%s' "${lines[0]}" | keep "$PASSWORD"
		rm -f "$BEFORE" "$NEXT"
	fi
	keep "$BACKUP/repository" <<<"$DESTINATION"
	;;
remove)
	rm -f "$PASSWORD" "$NEXT" "$BEFORE" "$BACKUP/credentials" "$BACKUP/repository"
	;;
*)
	fail "ACTION is $ACTION" "use install or remove"
	;;
esac
