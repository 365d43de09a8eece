#!/usr/bin/env bash
# Makes the node's local volumes, each a file system of its own in a file: what fills it does not fill the node. XFS, since
# that grows while it is in use. VOLUMES: directory=GiB of each, separated by spaces.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

FSTAB=$ROOT/etc/fstab

bytes_of() {
	stat --format %s "$1"
}

# is_older tells whether a directory holds data from when volumes had no file system of their own.
is_older() {
	[[ -d $ROOT$1 && ! -e $ROOT$1.img ]] && [[ -n $(ls -A "$ROOT$1") ]]
}

# reserve FILE BYTES gives a file all of its blocks at once: the volume has what the disk had, whoever fills that later.
reserve() {
	logged volume fallocate --length "$2" "$1" ||
		fail "the disk has no room for a volume of $(($2 >> 30)) GiB in $1" "lower postgres.volumeGiB, or raise the node's rootVolumeGiB" df --human-readable "${1%/*}"
}

# make_image FILE BYTES: complete and on disk, or not there.
make_image() {
	say "making a volume of $(($2 >> 30)) GiB in $1"
	rm -f "$1.new"
	reserve "$1.new" "$2"
	logged volume mkfs.xfs -q "$1.new" ||
		fail "no file system can be made in $1" "read what mkfs.xfs says" cat "$LOGS/volume.log"
	sync "$1.new"
	mv "$1.new" "$1"
	sync "${1%/*}"
}

# mount_at_boot IMAGE DIRECTORY: a node whose volume is damaged still boots.
mount_at_boot() {
	local line="$1 $2 xfs loop,noatime,nofail 0 0"
	if ! grep --quiet --line-regexp --fixed-strings "$line" "$FSTAB"; then
		{ grep --invert-match "^$1 " "$FSTAB" || true; } | { cat && printf '%s\n' "$line"; } | keep "$FSTAB"
		chmod 0644 "$FSTAB"
		systemctl daemon-reload
	fi
}

# grow DIRECTORY: what an earlier run left undone as well. What is grown already stays as it is.
grow() {
	local device
	device=$(findmnt --noheadings --output SOURCE "$1")
	{ logged volume losetup --set-capacity "$device" && logged volume xfs_growfs -d "$1"; } ||
		fail "the file system in $1 cannot be grown" "read what it says, then run pulumi up again" cat "$LOGS/volume.log"
}

make_volume() {
	local directory=$ROOT$1 image=$ROOT$1.img bytes=$(($2 << 30))
	install -d -m 0755 "${directory%/*}"
	if [[ ! -e $image ]]; then
		make_image "$image" "$bytes"
	elif (($(bytes_of "$image") > bytes)); then
		fail "the volume $1 has $(($(bytes_of "$image") >> 30)) GiB and cannot shrink to $2" "set postgres.volumeGiB back, or move the data to another postgres.volume"
	elif (($(bytes_of "$image") < bytes)); then
		say "growing the volume $1 to $2 GiB"
		reserve "$image" "$bytes"
	fi
	mount_at_boot "$1.img" "$1"
	install -d -m 0755 "$directory"
	if ! mountpoint --quiet "$directory"; then
		logged volume mount "$1" || fail "the volume $1 cannot be mounted" "read what it says" cat "$LOGS/volume.log"
	fi
	grow "$1"
	# Whose it is, is for the application.
	[[ -d $directory/data ]] || install -d -m 0770 "$directory/data"
}

alone "$SCRIPT"
for volume in $VOLUMES; do
	if is_older "${volume%=*}"; then
		say "${volume%=*} holds data from when volumes had no size, and stays as it is: to bound them, move them to another postgres.volume"
		[[ -e $ROOT${volume%=*}/data ]] || ln -s . "$ROOT${volume%=*}/data"
	else
		make_volume "${volume%=*}" "${volume#*=}"
	fi
done
say "the volumes are there"
