#!/usr/bin/env bash
# Sourced by the scripts that write and read backups, after lib.sh and components.sh. A point of the repository holds one
# thing, whole: etcd with the cluster's keys, or one dump. Its tags say what: holds:etcd,revision:4711,bytes:20480.
# shellcheck disable=SC2034,SC2153,SC2154 # variables of lib.sh and for the scripts

BACKUP=$STATE/backup
# What a point holds: etcd.db and pki/, or one file in dumps/; and in taken when it was made.
STAGE=$BACKUP/stage
# Where a point is unpacked, and what of it is the stage.
UNPACKED=$BACKUP/unpacked
POINT=$UNPACKED$STAGE
TOOLS=$BACKUP/tools
# One dump a line: NAME, NAMESPACE, WORKLOAD, the line that ends a whole dump, and the commands that dump, tell whether
# anything is there, and restore.
DUMPS=$FILES/dumps.tsv
# One platform's points, whatever its machine is called.
MINE=(--host platform)

# Whoever has backups has this file, and what it takes to read them beside it.
REPOSITORY=
[[ ! -s $BACKUP/repository ]] || REPOSITORY=$(<"$BACKUP/repository")
export RESTIC_REPOSITORY=$REPOSITORY RESTIC_PASSWORD_FILE=$BACKUP/password RESTIC_CACHE_DIR=$BACKUP/cache TZ=UTC
[[ ! -s $BACKUP/credentials ]] || export AWS_SHARED_CREDENTIALS_FILE=$BACKUP/credentials

# exclusive lets nothing else read or change the cluster's state as a whole until this script ends: the timers' backups,
# backup.run, a restore and an upgrade hold one lock.
exclusive() {
	local holder=$STATE/state.holder
	exec 7>"$STATE/state.lock"
	flock --wait "${PLATFORM_LOCK_WAIT:-3600}" 7 ||
		fail "a backup, a restore or an upgrade is still at work" "wait for it to end, then run pulumi up again" cat "$holder"
	printf '%s, process %s\n' "$SCRIPT" "$$" >"$holder"
}

# release ends that before the script does.
release() {
	exec 7>&-
}

# install_restic needs packages.sh as well.
install_restic() {
	command -v restic >/dev/null && return 0
	say "installing restic"
	update_lists
	install_packages restic
}

# repository_is prints whether a repository is there or absent. Only the storage's own answer counts: a role that AWS does
# not know everywhere yet, or a network that is not there, tells nothing, and making a repository over one ends it.
repository_is() {
	local code=0
	timeout 120 restic cat config >"$LOGS/repository.log" 2>&1 || code=$?
	case $code in
	0) echo there ;;
	12) echo locked ;;
	*)
		if grep --quiet 'wrong password' "$LOGS/repository.log"; then
			echo locked
		elif grep --quiet --extended-regexp 'config file.*(does not exist|no such file)' "$LOGS/repository.log"; then
			echo absent
		else
			cat "$LOGS/repository.log"
			return 1
		fi
		;;
	esac
}

# open_repository makes the repository where there is none.
open_repository() {
	[[ -n $REPOSITORY && -s $BACKUP/password ]] ||
		fail "this node has no password for backups" "run pulumi up with --replace for the step backup-password of this node"
	[[ $REPOSITORY != /* ]] || install -d -m 0700 "$REPOSITORY"
	# A role needs some seconds until AWS knows it everywhere.
	wait_for 300 repository_is ||
		fail "the repository $REPOSITORY cannot be used" "see whether the node may read and write there" printf '%s\n' "$LAST"
	case $LAST in
	there)
		# A run that was killed leaves a lock; only those that nobody holds are removed.
		logged unlock timeout 300 restic unlock || true
		;;
	locked)
		fail "the repository $REPOSITORY has another password" "it was made with another keySeed or backupPassword: set that, or choose another destination"
		;;
	absent)
		say "making the repository $REPOSITORY"
		logged repository timeout 300 restic init ||
			fail "the repository $REPOSITORY cannot be made" "see whether the node may read and write there" cat "$LOGS/repository.log"
		;;
	esac
}

# points TAG... sets POINTS to those that carry all of these tags, oldest first: when one was stored, its tags, its name.
points() {
	local tags
	tags=$(printf ',%s' platform "$@")
	wait_for 300 timeout 120 restic snapshots "${MINE[@]}" --json --tag "${tags#,}" ||
		fail "the points in $REPOSITORY cannot be listed" "see whether the node may read there" printf '%s\n' "$LAST"
	POINTS=$(grep --only-matching --extended-regexp '"(time|short_id)":"[^"]*"|"tags":\[[^]]*\]' <<<"$LAST" |
		sed 's/^"[a-z_]*"://; s/[]["]//g; s/\.[0-9]*Z$/Z/' | paste - - -) || true
}

# newest KIND sets FOUND to the newest point that holds it, or to nothing.
newest() {
	points "holds:$1"
	FOUND=$(tail -n 1 <<<"$POINTS" | cut -f 3)
}

# find_point KIND TEXT sets FOUND to the point that TEXT asks for.
find_point() {
	FOUND=${2%%@*}
	[[ $FOUND == latest ]] || return 0
	newest "$1"
	[[ -n $FOUND ]] ||
		fail "no point in $REPOSITORY holds $1" "see the output backups; restore what there is, each by its point" restic snapshots "${MINE[@]}"
}

# unpack POINT fetches one into $POINT.
unpack() {
	say "fetching the point $1"
	rm -rf "$UNPACKED"
	install -d -m 0700 "$UNPACKED"
	logged unpack timeout 3000 restic restore "$1" "${MINE[@]}" --target "$UNPACKED" ||
		fail "the point $1 cannot be read" "the points that there are: restic snapshots, or the output backups" cat "$LOGS/unpack.log"
	[[ -s $POINT/taken ]] || fail "the point $1 is not whole" "choose another one" find "$UNPACKED"
}

# A restore happens once for each text, whatever becomes of the machine: the repository remembers it.
restored_tag() {
	printf 'restored:%s:%.16s' "$1" "$(sha256sum <<<"$2")"
}

# remembered WHAT TEXT tells whether that restore is done.
remembered() {
	kept "$BACKUP/restored-$1" "$2" && return 0
	open_repository
	points "$(restored_tag "$1" "$2")"
	[[ -n $POINTS ]]
}

# remember WHAT TEXT writes down that the restore is done.
remember() {
	timeout 300 restic backup "${MINE[@]}" --tag "platform,$(restored_tag "$1" "$2")" --stdin --stdin-filename restored \
		<<<"$2" >"$LOGS/remember.log" 2>&1 ||
		fail "the repository $REPOSITORY does not remember what is restored" "run pulumi up again, which restores it again" cat "$LOGS/remember.log"
	keep "$BACKUP/restored-$1" <<<"$2"
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

# check_etcd FILE tells whether a snapshot of etcd is whole; REVISION is where it ends.
check_etcd() {
	logged etcd-check timeout 300 "$TOOLS/etcdutl" --write-out json snapshot status "$1" || return 1
	REVISION=$(sed -n 's/.*"revision":\([0-9][0-9]*\).*/\1/p' "$LOGS/etcd-check.log")
	[[ -n $REVISION ]]
}

# whole_dump FILE END tells whether a dump goes on to its last line: neither kubectl nor a pipe tells that all came through.
whole_dump() {
	tail -n 5 "$1" | grep --quiet --fixed-strings --line-regexp -- "$2"
}
