#!/usr/bin/env bash
# Takes a backup, each thing as a point of its own, and lets go of old ones. WHAT: cluster (etcd and the cluster's keys),
# data (the dumps) or all. KEEP_ALL, KEEP_HOURLY, KEEP_DAILY: for how many days every point, one an hour and one a day stay.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
# shellcheck source-path=SCRIPTDIR source=components.sh
source "${BASH_SOURCE[0]%/*}/components.sh"
# shellcheck source-path=SCRIPTDIR source=repository.sh
source "${BASH_SOURCE[0]%/*}/repository.sh"
# shellcheck source-path=SCRIPTDIR source=told.sh
source "${BASH_SOURCE[0]%/*}/told.sh"

# begin makes room for a point.
begin() {
	rm -rf "$STAGE"
	install -d -m 0700 "$STAGE" "$STAGE/dumps"
	date --utc +%Y-%m-%dT%H:%M:%SZ >"$STAGE/taken"
}

# store KIND ATTRIBUTE... makes a point of the stage. restic also stores what it could read only a part of: the point
# counts once it has its tags.
store() {
	local tags id
	say "storing $1 in $REPOSITORY"
	logged store timeout 3000 restic backup "${MINE[@]}" --json --tag platform,unfinished "$STAGE" ||
		fail "$1 cannot be stored" "read what restic says" cat "$LOGS/store.log"
	id=$(sed -n 's/.*"snapshot_id":"\([0-9a-f]*\)".*/\1/p' "$LOGS/store.log")
	tags=$(printf ',%s' platform "holds:$1" "${@:2}")
	logged tag timeout 300 restic tag "${MINE[@]}" --set "${tags#,}" "$id" ||
		fail "$1 is stored, but not marked as whole" "read what restic says" cat "$LOGS/tag.log"
}

# forget KIND lets old points go. Ages count from the newest point, and a kind without a new one loses none.
forget() {
	logged forget timeout 3000 restic forget "${MINE[@]}" --tag "platform,holds:$1" --group-by host --keep-within "${KEEP_ALL}d" \
		--keep-within-hourly "${KEEP_HOURLY}d" --keep-within-daily "${KEEP_DAILY}d" ||
		fail "old points of $1 cannot be removed" "read what restic says" cat "$LOGS/forget.log"
}

save_etcd() {
	local pki=$KUBERNETES/pki/etcd
	timeout 600 "$TOOLS/etcdctl" --endpoints https://127.0.0.1:2379 --cacert "$pki/ca.crt" \
		--cert "$pki/healthcheck-client.crt" --key "$pki/healthcheck-client.key" snapshot save "$STAGE/etcd.db"
}

back_up_cluster() {
	say "saving etcd"
	begin
	etcd_tools
	wait_for 300 save_etcd || fail "etcd cannot be saved: $LAST" "see whether it runs: crictl ps"
	check_etcd "$STAGE/etcd.db" || fail "what etcd gave is damaged" "look at etcd's log" cat "$LOGS/etcd-check.log"
	cp --archive "$KUBERNETES/pki" "$STAGE/pki"
	store etcd "revision:$REVISION" "bytes:$(stat --format %s "$STAGE/etcd.db")"
	forget etcd
}

# take_dump NAME NAMESPACE WORKLOAD END COMMAND keeps what a command prints in a pod, if that is all of it.
take_dump() {
	local file=$STAGE/dumps/$1
	timeout 3000 kubectl --kubeconfig "$KUBERNETES/admin.conf" --namespace "$2" exec "$3" -- sh -c "$5" </dev/null >"$file" || return 1
	whole_dump "$file" "$4" || {
		echo "it ends before its last line, \"$4\""
		return 1
	}
}

# back_up_dump does the same. Only the API server's answer says that a workload is not there.
back_up_dump() {
	wait_for 300 admin --namespace "$2" get "$3" --ignore-not-found --output name ||
		fail "whether there is a $3 in $2 is not known: $LAST" "see why the API server does not answer"
	if [[ $LAST != */"${3#*/}" ]]; then
		newest "$1"
		[[ -z $FOUND ]] || fail "there is no $3 in $2 any more, and so no $1" "its last point, $FOUND, stays: restore the workload"
		say "there is no $3 in $2 yet, and so no $1"
		return 0
	fi
	say "dumping $1"
	begin
	wait_for 600 take_dump "$@" || fail "$1 cannot be dumped: $LAST" "see whether $3 in $2 runs"
	store "$1" "bytes:$(stat --format %s "$STAGE/dumps/$1")"
	forget "$1"
}

back_up_data() {
	local name namespace workload end command _
	while IFS=$'\t' read -r name namespace workload end command _; do
		back_up_dump "$name" "$namespace" "$workload" "$end" "$command"
	done <"$DUMPS"
}

# tidy gives back the room of points that are gone, once a day.
tidy() {
	local today
	today=$(date --utc +%F)
	! kept "$BACKUP/tidied" "$today" || return 0
	say "removing what no point needs any more"
	points unfinished
	if [[ -n $POINTS ]]; then
		cut -f 3 <<<"$POINTS" | logged unfinished xargs timeout 300 restic forget ||
			fail "unfinished points cannot be removed" "read what restic says" cat "$LOGS/unfinished.log"
	fi
	logged prune timeout 3000 restic prune ||
		fail "old data cannot be removed" "read what restic says" cat "$LOGS/prune.log"
	keep "$BACKUP/tidied" <<<"$today"
}

alone "$SCRIPT"
PART=${WHAT/#all/cluster}
trap '[[ $? == 0 ]] || tell_backup "$PART" 1' EXIT
exclusive
open_repository
trap '[[ $? == 0 ]] || tell_backup "$PART" 1; rm -rf "$STAGE"' EXIT
case $WHAT in
cluster) back_up_cluster ;;
data) back_up_data ;;
all)
	back_up_cluster
	tell_backup cluster 0
	PART=data
	back_up_data
	;;
*) fail "WHAT is $WHAT" "use cluster, data or all" ;;
esac
tell_backup "$PART" 0
tidy
say "the backup is stored"
