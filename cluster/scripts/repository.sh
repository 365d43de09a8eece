#!/usr/bin/env bash
# Sourced by the scripts that write and read backups, after lib.sh and components.sh. REPOSITORY, as restic names it.
# shellcheck disable=SC2034,SC2153,SC2154 # variables of lib.sh and for the scripts

BACKUP=$STATE/backup
# What a backup holds: etcd.db, pki/, dumps/, and in taken when it was made.
STAGE=$BACKUP/stage
# Where a backup is unpacked, and what of it is the stage.
UNPACKED=$BACKUP/unpacked
POINT=$UNPACKED$STAGE
TOOLS=$BACKUP/tools
DUMPS=$FILES/dumps.tsv
# One machine's backups, whatever it is called.
MINE=(--host platform --tag platform)

export RESTIC_REPOSITORY=${REPOSITORY:-} RESTIC_PASSWORD_FILE=$BACKUP/password RESTIC_CACHE_DIR=$BACKUP/cache

# install_restic needs packages.sh as well.
install_restic() {
	command -v restic >/dev/null && return 0
	say "installing restic"
	update_lists
	install_packages restic
}

# open_repository makes the repository unless there is one.
open_repository() {
	[[ -s $BACKUP/password ]] ||
		fail "this node has no password for backups" "run pulumi up with --replace for the step backup-password of this node"
	[[ $REPOSITORY != /* ]] || install -d -m 0700 "$REPOSITORY"
	# A run that was killed leaves a lock; only those that nobody holds are removed.
	if logged repository timeout 300 restic cat config; then
		logged repository timeout 300 restic unlock || true
		return 0
	fi
	say "making the repository $REPOSITORY"
	logged repository timeout 300 restic init ||
		fail "the repository $REPOSITORY cannot be used" \
			"see whether the node may read and write there, and whether it was made with another keySeed" cat "$LOGS/repository.log"
}

# etcd_tools takes etcd's own tools out of the image that etcd runs from.
etcd_tools() {
	local image mount
	image=$(sed -n 's/^ *image: *//p' "$KUBERNETES/manifests/etcd.yaml" 2>/dev/null) || true
	[[ -n $image ]] || image=$(kubeadm config images list --config "$FILES/kubeadm.yaml" 2>/dev/null | grep '/etcd:')
	! kept "$TOOLS/image" "$image" || return 0
	rm -rf "$TOOLS"
	install -d -m 0700 "$TOOLS"
	mount=$(mktemp --directory)
	logged etcd-tools containers images mount "$image" "$mount" ||
		fail "the image $image cannot be read" "see whether containerd has it: ctr -n k8s.io images list" cat "$LOGS/etcd-tools.log"
	cp "$mount/usr/local/bin/etcdctl" "$mount/usr/local/bin/etcdutl" "$TOOLS/"
	containers images unmount --rm "$mount" >/dev/null
	rmdir "$mount"
	keep "$TOOLS/image" <<<"$image"
}

# check_etcd FILE tells whether a snapshot of etcd is whole.
check_etcd() {
	logged etcd-check timeout 300 "$TOOLS/etcdutl" snapshot status "$1"
}

# unpack POINT fetches a backup into $POINT.
unpack() {
	local snapshot=${1%%@*}
	say "fetching the backup $snapshot"
	rm -rf "$UNPACKED"
	install -d -m 0700 "$UNPACKED"
	logged unpack timeout 3000 restic restore "$snapshot" "${MINE[@]}" --target "$UNPACKED" ||
		fail "the backup $snapshot cannot be read" "the backups that there are: restic snapshots, or the output backups" cat "$LOGS/unpack.log"
	[[ -s $POINT/etcd.db && -s $POINT/taken ]] ||
		fail "the backup $snapshot is not whole" "choose another one" find "$UNPACKED"
}
