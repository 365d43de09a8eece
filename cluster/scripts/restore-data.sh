#!/usr/bin/env bash
# Gives applications back what points hold of them, once the cluster is there. RESTORE names the point, and is another text
# whenever one is to be restored again; overwrite: before it lets it replace what is there.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
# shellcheck source-path=SCRIPTDIR source=components.sh
source "${BASH_SOURCE[0]%/*}/components.sh"
# shellcheck source-path=SCRIPTDIR source=packages.sh
source "${BASH_SOURCE[0]%/*}/packages.sh"
# shellcheck source-path=SCRIPTDIR source=repository.sh
source "${BASH_SOURCE[0]%/*}/repository.sh"

# in_pod SECONDS NAMESPACE ARGUMENT... runs a command in a pod.
in_pod() {
	timeout "$1" kubectl --kubeconfig "$KUBERNETES/admin.conf" --namespace "$2" exec "${@:3}"
}

# reach NAMESPACE WORKLOAD waits until commands can be run there.
reach() {
	say "waiting for $2 in $1"
	wait_for 600 rolled_out "$1" "$2" ||
		fail "$2 in $1 is not ready after 10 minutes: $LAST" "see why its pods do not run" admin --namespace "$1" get pods --output wide
	# What the API server says of a pod may be as old as the point.
	wait_for 300 in_pod 20 "$1" "$2" -- true || fail "nothing can be run in $2: $LAST" "see why its pods do not run"
}

# holds NAMESPACE WORKLOAD COMMAND prints empty or rows.
holds() {
	local answer
	answer=$(in_pod 600 "$1" "$2" -- sh -c "$3" </dev/null)
	printf '%s\n' "$answer"
	[[ $answer == empty || $answer == rows ]]
}

# restore NAME NAMESPACE WORKLOAD END CONTENT COMMAND hands a dump to a command in a pod.
restore() {
	local dump=$POINT/dumps/$1 taken
	taken=$(<"$POINT/taken")
	whole_dump "$dump" "$4" || fail "the $1 of $taken is not whole" "choose another point" tail -n 5 "$dump"
	reach "$2" "$3"
	if [[ $RESTORE != overwrite:* ]]; then
		wait_for 300 holds "$2" "$3" "$5" || fail "whether $3 in $2 holds anything is not known: $LAST" "see whether it runs"
		[[ ${LAST##*$'\n'} == empty ]] ||
			fail "$3 in $2 holds rows, which may be newer than the $1 of $taken" \
				"back them up with backup.run; then set backup.restore.data to overwrite:$RESTORE to replace them"
	fi
	say "restoring $1 as it was at $taken"
	in_pod 3000 "$2" --stdin "$3" -- sh -c "$6" <"$dump" >"$LOGS/restore-data.log" 2>&1 ||
		fail "$1 cannot be restored" "read what it says, then run pulumi up again" cat "$LOGS/restore-data.log"
	printf '%s as it was at %s\n' "$1" "$taken"
}

# restore_point is one point and the dump it holds; the others stay as they are.
restore_point() {
	local name namespace workload end _ content command found=
	unpack "$1"
	while IFS=$'\t' read -r name namespace workload end _ content command; do
		if [[ -e $POINT/dumps/$name ]]; then
			found+=$name
			restore "$name" "$namespace" "$workload" "$end" "$content" "$command" </dev/null
		fi
	done <"$DUMPS"
	[[ -n $found ]] || fail "the point $1 holds no data" "choose one that does: see the output backups" find "$UNPACKED"
	rm -rf "$UNPACKED"
}

alone "$SCRIPT"
exclusive
install_restic
if remembered data "$RESTORE"; then
	say "$RESTORE is restored already; what is there is left alone"
	exit 0
fi
open_repository
trap 'rm -rf "$UNPACKED"' EXIT
chosen=()
# Whether there is a point of each is seen before anything changes.
while IFS=$'\t' read -r name _; do
	find_point "$name" "${RESTORE#overwrite:}"
	chosen+=("$FOUND")
done <"$DUMPS"
[[ ${RESTORE#overwrite:} == latest@* ]] || chosen=("${chosen[@]:0:1}")
for point in "${chosen[@]}"; do
	restore_point "$point"
done
remember data "$RESTORE"
say "restored; what was written after the point is lost"
