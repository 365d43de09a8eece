#!/usr/bin/env bash
# Sourced by init.sh, after repository.sh: the control plane as a backup knows it. RESTORE names the backup, and is another
# text whenever one is to be restored again.
# shellcheck disable=SC2154 # variables of lib.sh and init.sh

RESTORED=$STATE/restored
# What kubeadm cannot make again; the other certificates it makes.
AUTHORITIES=(ca.crt ca.key sa.key sa.pub front-proxy-ca.crt front-proxy-ca.key etcd/ca.crt etcd/ca.key)

restore_due() {
	[[ -n ${RESTORE:-} ]] || return 1
	! kept "$RESTORED" "$RESTORE"
}

remember_restore() {
	[[ -n ${RESTORE:-} ]] || return 0
	keep "$RESTORED" <<<"$RESTORE"
}

# fetch_restore comes before anything is changed.
fetch_restore() {
	install_restic
	open_repository
	unpack "$RESTORE"
	say "restoring what was there at $(<"$POINT/taken")"
}

# whole tells whether this machine lacks nothing but what etcd held: keys of this cluster, and manifests.
whole() {
	local file
	[[ -s $MARKER && -s $KUBERNETES/admin.conf && -s $KUBERNETES/kubelet.conf ]] || return 1
	for file in "${AUTHORITIES[@]}"; do
		cmp --silent "$POINT/pki/$file" "$KUBERNETES/pki/$file" || return 1
	done
	for file in "${COMPONENTS[@]}"; do
		[[ -s $KUBERNETES/manifests/$file.yaml ]] || return 1
	done
}

place_authorities() {
	local file
	for file in "${AUTHORITIES[@]}"; do
		install -D -m 0600 "$POINT/pki/$file" "$KUBERNETES/pki/$file"
	done
}

# place_etcd makes etcd's data of the snapshot. Its revisions go on where nobody has seen any yet: whoever watches would
# otherwise take what changed since for something old.
place_etcd() {
	local data=$ROOT/var/lib/etcd peer=https://${ENDPOINT%:*}:2380
	etcd_tools
	check_etcd "$POINT/etcd.db" ||
		fail "the backup's copy of etcd is damaged" "choose another backup" cat "$LOGS/etcd-check.log"
	rm -rf "$data.new" "$data.old"
	logged etcd-restore timeout 600 "$TOOLS/etcdutl" snapshot restore "$POINT/etcd.db" --data-dir "$data.new" \
		--name "$NODE_NAME" --initial-cluster "$NODE_NAME=$peer" --initial-advertise-peer-urls "$peer" \
		--bump-revision 1000000000 --mark-compacted ||
		fail "etcd's data cannot be made of the backup" "read what etcdutl says" cat "$LOGS/etcd-restore.log"
	install -d -m 0700 "$data"
	if [[ -e $data/member ]]; then
		mv "$data/member" "$data.old"
	fi
	mv "$data.new/member" "$data/member"
	rm -rf "$data.new" "$data.old"
}

# restore_etcd gives a control plane that is whole its past back.
restore_etcd() {
	say "stopping the control plane"
	systemctl stop kubelet
	end_components "${COMPONENTS[@]}"
	place_etcd
	say "starting the control plane"
	systemctl start kubelet
}
