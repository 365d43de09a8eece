#!/usr/bin/env bash
# Schedules backups, takes one of everything now when RUN is another text than the last time, and prints the newest points,
# one a line: when it was stored, its tags, its name. ACTION=install|remove; RUN: optional; what backup.sh reads.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
# shellcheck source-path=SCRIPTDIR source=components.sh
source "${BASH_SOURCE[0]%/*}/components.sh"
# shellcheck source-path=SCRIPTDIR source=packages.sh
source "${BASH_SOURCE[0]%/*}/packages.sh"
# shellcheck source-path=SCRIPTDIR source=repository.sh
source "${BASH_SOURCE[0]%/*}/repository.sh"
# shellcheck source-path=SCRIPTDIR source=told.sh
source "${BASH_SOURCE[0]%/*}/told.sh"
# shellcheck source-path=SCRIPTDIR source=units.sh
source "${BASH_SOURCE[0]%/*}/units.sh"

SERVICE=platform-backup@.service
TIMERS=(platform-backup-cluster.timer platform-backup-data.timer)
RAN=$BACKUP/ran
# So many points of each kind are printed.
SHOWN=24

schedule() {
	local unit changed=
	for unit in "$SERVICE" "${TIMERS[@]}"; do
		place "$FILES/$unit" "$UNITS/$unit" 0644
		changed+=$CHANGED
	done
	[[ -z $changed ]] || systemctl daemon-reload
	systemctl --quiet enable "${TIMERS[@]}"
	logged schedule systemctl restart "${TIMERS[@]}" ||
		fail "backups cannot be scheduled" "see whether backup.schedule has calendar events: systemd-analyze calendar" cat "$LOGS/schedule.log"
	tell_backup cluster
	tell_backup data
}

take() {
	[[ -n ${RUN:-} ]] || return 0
	! kept "$RAN" "$RUN" || return 0
	WHAT=all bash "${BASH_SOURCE[0]%/*}/backup.sh" || fail "the backup failed" "the lines above say why"
	keep "$RAN" <<<"$RUN"
}

# show prints the newest points of each kind.
show() {
	points
	awk -F '\t' -v shown="$SHOWN" 'match($2, /holds:[^,]*/) { kind[NR] = substr($2, RSTART, RLENGTH); line[NR] = $0; left[kind[NR]]++ }
		END { for (i = 1; i <= NR; i++) if (i in kind && left[kind[i]]-- <= shown) print line[i] }' <<<"$POINTS"
}

alone "$SCRIPT"
case $ACTION in
install)
	exclusive
	install_restic
	open_repository
	schedule
	release
	take
	show
	;;
remove)
	say "ending the schedule; the backups stay"
	end_units "${TIMERS[@]}"
	for unit in "$SERVICE" "${TIMERS[@]}"; do
		rm -f "$UNITS/$unit"
	done
	systemctl daemon-reload
	rm -f "$TOLD"/backup-*.prom
	;;
*)
	fail "ACTION is $ACTION" "use install or remove"
	;;
esac
