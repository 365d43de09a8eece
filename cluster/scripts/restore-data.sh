#!/usr/bin/env bash
# Gives applications back what a backup holds of them, once the cluster is restored. REPOSITORY, RESTORE.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
# shellcheck source-path=SCRIPTDIR source=components.sh
source "${BASH_SOURCE[0]%/*}/components.sh"
# shellcheck source-path=SCRIPTDIR source=repository.sh
source "${BASH_SOURCE[0]%/*}/repository.sh"

MARKER=$BACKUP/data-restored

# in_pod SECONDS NAMESPACE ARGUMENT... runs a command in a pod.
in_pod() {
	timeout "$1" kubectl --kubeconfig "$KUBERNETES/admin.conf" --namespace "$2" exec "${@:3}"
}

# restore NAME NAMESPACE WORKLOAD COMMAND hands a dump to a command in a pod.
restore() {
	if [[ ! -e $POINT/dumps/$1 ]]; then
		say "the backup holds no $1"
		return 0
	fi
	say "waiting for $3 in $2"
	wait_for 600 rolled_out "$2" "$3" ||
		fail "$3 in $2 is not ready after 10 minutes: $LAST" "see why its pods do not run" admin --namespace "$2" get pods --output wide
	# What the API server says of a pod may be as old as the backup.
	wait_for 300 in_pod 20 "$2" "$3" -- true || fail "nothing can be run in $3: $LAST" "see why its pods do not run"
	say "restoring $1"
	in_pod 3000 "$2" --stdin "$3" -- sh -c "$4" <"$POINT/dumps/$1" >"$LOGS/restore-data.log" 2>&1 ||
		fail "$1 cannot be restored" "read what it says, then run pulumi up again" cat "$LOGS/restore-data.log"
}

alone "$SCRIPT"
if kept "$MARKER" "$RESTORE"; then
	say "$RESTORE is restored already"
	exit 0
fi
if [[ ! -s $POINT/taken ]]; then
	open_repository
	unpack "$RESTORE"
fi
taken=$(<"$POINT/taken")
while IFS=$'\t' read -r name namespace workload _ command; do
	restore "$name" "$namespace" "$workload" "$command" </dev/null
done <"$DUMPS"
keep "$MARKER" <<<"$RESTORE"
rm -rf "$UNPACKED"
say "restored what was there at $taken; what came later is lost"
printf '%s\n' "$taken"
