#!/usr/bin/env bash
# Takes a backup: etcd, the cluster's keys and the dumps. A timer runs it. REPOSITORY, KEEP: how many backups are kept.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
# shellcheck source-path=SCRIPTDIR source=components.sh
source "${BASH_SOURCE[0]%/*}/components.sh"
# shellcheck source-path=SCRIPTDIR source=repository.sh
source "${BASH_SOURCE[0]%/*}/repository.sh"

save_etcd() {
	local pki=$KUBERNETES/pki/etcd
	logged etcd-save timeout 600 "$TOOLS/etcdctl" --endpoints https://127.0.0.1:2379 --cacert "$pki/ca.crt" \
		--cert "$pki/healthcheck-client.crt" --key "$pki/healthcheck-client.key" snapshot save "$STAGE/etcd.db"
}

# dump NAME NAMESPACE WORKLOAD COMMAND keeps what a command prints in a pod.
dump() {
	if [[ -z $(admin --namespace "$2" get "$3" --ignore-not-found --output name 2>/dev/null) ]]; then
		say "there is no $3 in $2 yet, and so no $1"
		return 0
	fi
	say "dumping $1"
	timeout 3000 kubectl --kubeconfig "$KUBERNETES/admin.conf" --namespace "$2" exec "$3" -- \
		sh -c "$4" </dev/null >"$STAGE/dumps/$1" 2>"$LOGS/dump.log" ||
		fail "$1 cannot be dumped" "see whether $3 in $2 runs" cat "$LOGS/dump.log"
}

alone "$SCRIPT"
open_repository
trap 'rm -rf "$STAGE"' EXIT
rm -rf "$STAGE"
install -d -m 0700 "$STAGE" "$STAGE/dumps"
say "saving etcd"
date --utc +%Y-%m-%dT%H:%M:%SZ >"$STAGE/taken"
etcd_tools
save_etcd || fail "etcd cannot be saved" "see whether it runs: crictl ps" cat "$LOGS/etcd-save.log"
check_etcd "$STAGE/etcd.db" || fail "what etcd gave is damaged" "look at etcd's log" cat "$LOGS/etcd-check.log"
cp --archive "$KUBERNETES/pki" "$STAGE/pki"
while IFS=$'\t' read -r name namespace workload command _; do
	dump "$name" "$namespace" "$workload" "$command"
done <"$DUMPS"
say "storing the backup in $REPOSITORY"
logged backup timeout 3000 restic backup "${MINE[@]}" "$STAGE" ||
	fail "the backup cannot be stored" "read what restic says" cat "$LOGS/backup.log"
logged forget timeout 3000 restic forget "${MINE[@]}" --group-by host --keep-last "$KEEP" --prune ||
	fail "old backups cannot be removed" "read what restic says" cat "$LOGS/forget.log"
say "the backup is stored"
