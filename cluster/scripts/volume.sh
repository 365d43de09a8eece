#!/usr/bin/env bash
# Lets the root file system have all of a volume that has grown; by itself a machine does that when it boots only. VOLUME_GIB.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

# A volume's new size shows on the machine some seconds after AWS has taken the change.
has_grown() {
	local bytes
	bytes=$(blockdev --getsize64 "$disk") || return 1
	printf '%s GiB\n' $((bytes >> 30))
	((bytes >> 30 >= VOLUME_GIB))
}

# growpart's status is 1 where there is nothing to grow.
grow_partition() {
	local said
	if said=$(growpart "$disk" "$number" 2>&1); then
		say "the partition has grown"
	elif [[ $said != NOCHANGE* ]]; then
		fail "the partition $root cannot be grown: $said" "read what growpart says, then run pulumi up again"
	fi
}

alone "$SCRIPT"
root=$(findmnt --noheadings --output SOURCE /)
number=$(cat "$ROOT/sys/class/block/${root##*/}/partition" 2>/dev/null) || true
if [[ -z $number ]]; then
	say "the root file system, $root, is on no partition"
	exit 0
fi
disk=/dev/$(lsblk --noheadings --nodeps --output PKNAME "$root")
wait_for 300 has_grown ||
	fail "$disk has $LAST, not $VOLUME_GIB GiB" "see at AWS how far the volume's change is, then run pulumi up again" lsblk "$disk"
grow_partition
logged resize resize2fs "$root" ||
	fail "the file system on $root cannot be grown" "read what resize2fs says, then run pulumi up again" cat "$LOGS/resize.log"
say "the root file system has all of $disk"
