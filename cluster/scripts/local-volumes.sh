#!/usr/bin/env bash
# Makes the node's local volumes, each a file system of its own: what fills it does not fill the node. It is in a file of the first
# disk, or has an EBS volume to itself. XFS, since that grows while it is in use. VOLUMES: directory=GiB or directory=GiB=ID of the EBS
# volume for each, separated by spaces.
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

# mount_at_boot SOURCE DIRECTORY OPTIONS: a node whose volume is damaged still boots.
mount_at_boot() {
	local line="$1 $2 xfs $3 0 0"
	if ! grep --quiet --line-regexp --fixed-strings "$line" "$FSTAB"; then
		{ grep --invert-match " $2 xfs " "$FSTAB" || true; } | { cat && printf '%s\n' "$line"; } | keep "$FSTAB"
		chmod 0644 "$FSTAB"
		systemctl daemon-reload
	fi
}

# grow DIRECTORY: what an earlier run left undone as well. What is grown already stays as it is.
grow() {
	logged volume xfs_growfs -d "$1" || cannot_grow "$1"
}

cannot_grow() {
	fail "the file system in $1 cannot be grown" "read what it says, then run pulumi up again" cat "$LOGS/volume.log"
}

make_volume() {
	local directory=$ROOT$1 image=$ROOT$1.img bytes=$(($2 << 30)) device
	install -d -m 0755 "${directory%/*}"
	if [[ ! -e $image ]]; then
		make_image "$image" "$bytes"
	elif (($(bytes_of "$image") > bytes)); then
		fail "the volume $1 has $(($(bytes_of "$image") >> 30)) GiB and cannot shrink to $2" "set postgres.volumeGiB back, or move the data to another postgres.volume"
	elif (($(bytes_of "$image") < bytes)); then
		say "growing the volume $1 to $2 GiB"
		reserve "$image" "$bytes"
	fi
	mount_volume "$1.img" "$1" loop,noatime,nofail
	device=$(findmnt --noheadings --output SOURCE "$1")
	logged volume losetup --set-capacity "$device" || cannot_grow "$1"
	complete "$1"
}

# mount_volume SOURCE DIRECTORY OPTIONS
mount_volume() {
	mount_at_boot "$@"
	install -d -m 0755 "$ROOT$2"
	if ! mountpoint --quiet "$ROOT$2"; then
		logged volume mount "$2" || fail "the volume $2 cannot be mounted" "read what it says" cat "$LOGS/volume.log"
	fi
}

# complete DIRECTORY: all of the volume is its file system's, and has the directory that pods see.
complete() {
	grow "$1"
	# Whose it is, is for the application.
	[[ -d $ROOT$1/data ]] || install -d -m 0770 "$ROOT$1/data"
}

# disk_of ID prints the device of an EBS volume: on a Nitro machine udev names it by its serial number, which is the ID.
# https://docs.aws.amazon.com/ebs/latest/userguide/identify-nvme-ebs-device.html
disk_of() {
	local device=$ROOT/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${1/-/}
	[[ -e $device ]] && printf '%s\n' "$device"
}

has_capacity() {
	local bytes
	bytes=$(blockdev --getsize64 "$disk") || return 1
	printf '%s GiB\n' $((bytes >> 30))
	((bytes >> 30 >= $1))
}

# make_disk DIRECTORY GiB ID makes a file system only where nothing at all is.
make_disk() {
	local disk kind status=0
	[[ ! -e $ROOT$1.img ]] ||
		fail "the volume $1 is in a file of the node's first disk" "set postgres.volumeType back, or move the data to another postgres.volume"
	wait_for 120 disk_of "$3" ||
		fail "the EBS volume $3 does not show on this machine" "see at AWS whether it is attached, and whether the machine's type is a Nitro one" lsblk
	disk=$(disk_of "$3")
	wait_for 300 has_capacity "$2" ||
		fail "$disk has $LAST, not $2 GiB" "see at AWS how far the volume's change is, then run pulumi up again" lsblk
	# blkid's status is 2 where it finds nothing; with anything else nobody knows what is there.
	kind=$(blkid --probe --match-tag TYPE --output value "$disk" 2>&1) || status=$?
	if ((status == 2)); then
		say "making a file system on $3"
		logged volume mkfs.xfs -q "$disk" ||
			fail "no file system can be made on $3" "read what mkfs.xfs says" cat "$LOGS/volume.log"
	elif [[ $status != 0 || $kind != xfs ]]; then
		fail "the EBS volume $3 holds something else than a file system of this platform" "see what it is, and empty it by hand" printf '%s\n' "$kind"
	fi
	mount_volume "${disk#"$ROOT"}" "$1" noatime,nofail
	complete "$1"
}

alone "$SCRIPT"
for volume in $VOLUMES; do
	IFS='=' read -r directory gib id <<<"$volume"
	if [[ -n $id ]]; then
		make_disk "$directory" "$gib" "$id"
	elif is_older "$directory"; then
		say "$directory holds data from when volumes had no size, and stays as it is: to bound them, move them to another postgres.volume"
		[[ -e $ROOT$directory/data ]] || ln -s . "$ROOT$directory/data"
	else
		make_volume "$directory" "$gib"
	fi
done
say "the volumes are there"
