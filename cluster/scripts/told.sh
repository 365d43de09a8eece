#!/usr/bin/env bash
# Sourced by the scripts of backups, after lib.sh: what the monitoring agent reads and tells of them.
# https://github.com/prometheus/node_exporter#textfile-collector
# shellcheck disable=SC2034,SC2154 # variables of lib.sh and for the scripts

TOLD=$ROOT/var/lib/prometheus/node-exporter
UNITS=$ROOT/etc/systemd/system

# tell_backup WHAT [FAILED] writes down how the last backup of cluster or data ended, 1 for one that failed, and when the next one begins.
# Without FAILED that is as it was. It is no reason for a backup to fail.
tell_backup() {
	local event due failed=${2:-} file=$TOLD/backup-$1.prom
	event=$(sed -n 's/^OnCalendar=//p' "$UNITS/platform-backup-$1.timer" 2>/dev/null) || return 0
	due=$(TZ=UTC systemd-analyze calendar "$event" 2>/dev/null | sed -n 's/^ *Next elapse: //p') || return 0
	[[ -n $due ]] || return 0
	[[ -n $failed || ! -e $file ]] || failed=$(sed -n 's/^platform_backup_failed.* //p' "$file")
	install -d -m 0755 "$TOLD"
	printf 'platform_backup_failed{what="%s"} %d\nplatform_backup_due_timestamp_seconds{what="%s"} %d\n' \
		"$1" "${failed:-0}" "$1" "$(date --date "$due" +%s)" | keep "$file"
	chmod 0644 "$file"
}
