#!/usr/bin/env bash
# Schedules backups, takes one now when RUN is another text than the last time, and prints those that there are.
# ACTION=install|remove; REPOSITORY; RUN: optional.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
# shellcheck source-path=SCRIPTDIR source=components.sh
source "${BASH_SOURCE[0]%/*}/components.sh"
# shellcheck source-path=SCRIPTDIR source=packages.sh
source "${BASH_SOURCE[0]%/*}/packages.sh"
# shellcheck source-path=SCRIPTDIR source=repository.sh
source "${BASH_SOURCE[0]%/*}/repository.sh"

UNITS=$ROOT/etc/systemd/system
TIMER=platform-backup.timer
SERVICE=platform-backup.service
RAN=$BACKUP/ran

schedule() {
	local changed=
	place "$FILES/$SERVICE" "$UNITS/$SERVICE" 0644
	changed+=$CHANGED
	place "$FILES/$TIMER" "$UNITS/$TIMER" 0644
	changed+=$CHANGED
	[[ -z $changed ]] || systemctl daemon-reload
	systemctl --quiet enable "$TIMER"
	logged schedule systemctl restart "$TIMER" ||
		fail "backups cannot be scheduled" "see whether backup.schedule is a calendar event: systemd-analyze calendar" cat "$LOGS/schedule.log"
}

take() {
	[[ -n ${RUN:-} ]] || return 0
	! kept "$RAN" "$RUN" || return 0
	say "taking a backup now"
	systemctl start "$SERVICE" ||
		fail "the backup failed" "the lines above say why" journalctl --unit "$SERVICE" --lines 30 --no-pager --output cat
	keep "$RAN" <<<"$RUN"
}

alone "$SCRIPT"
case $ACTION in
install)
	install_restic
	open_repository
	schedule
	take
	timeout 300 restic snapshots "${MINE[@]}" --json
	;;
remove)
	say "ending the schedule; the backups stay"
	systemctl --quiet disable --now "$TIMER" || true
	rm -f "$UNITS/$TIMER" "$UNITS/$SERVICE"
	systemctl daemon-reload
	;;
*)
	fail "ACTION is $ACTION" "use install or remove"
	;;
esac
