#!/usr/bin/env bash
# Sourced by init.sh, after repository.sh: the control plane as a point of the repository knows it. RESTORE names the point,
# and is another text whenever one is to be restored again. KNOWN is set where there has been a control plane before.
# shellcheck disable=SC2154 # variables of lib.sh and init.sh

# What kubeadm cannot make again; the other certificates it makes.
AUTHORITIES=(ca.crt ca.key sa.key sa.pub front-proxy-ca.crt front-proxy-ca.key etcd/ca.crt etcd/ca.key)
# The point to go back to, if any, and the text that asked for it.
CHOSEN=
ASKED=

# choose_point decides what the control plane goes back to: to what is asked for, once; and a machine that takes another
# one's place to the newest point, whatever was restored before.
choose_point() {
	[[ -n $REPOSITORY ]] || return 0
	[[ -n ${RESTORE:-} || (-n ${KNOWN:-} && ! -s $MARKER) ]] || return 0
	install_restic
	if [[ -n ${RESTORE:-} ]] && ! remembered cluster "$RESTORE"; then
		open_repository
		find_point etcd "$RESTORE"
		CHOSEN=$FOUND ASKED=$RESTORE
	elif [[ -n ${KNOWN:-} && ! -s $MARKER ]]; then
		open_repository
		newest etcd
		CHOSEN=$FOUND
		[[ -n $CHOSEN ]] || say "no point in $REPOSITORY holds this cluster, which begins anew"
	fi
}

remember_restore() {
	[[ -z $ASKED ]] || remember cluster "$ASKED"
	CHOSEN=
	rm -rf "$UNPACKED"
}

# fetch_restore comes before anything is changed.
fetch_restore() {
	unpack "$CHOSEN"
	[[ -s $POINT/etcd.db && -d $POINT/pki ]] ||
		fail "the point $CHOSEN does not hold etcd" "choose one that does: see the output backups" find "$UNPACKED"
	say "restoring the cluster as it was at $(<"$POINT/taken")"
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

# place_key brings back what opens the Secrets in the point's etcd. One from before there was such a key holds them in plain.
place_key() {
	local file=$POINT/pki/${ENCRYPTION##*/}
	[[ ! -s $file ]] || place "$file" "$ENCRYPTION" 0600
}

# place_etcd makes etcd's data of the snapshot. Its revisions go on where nobody has seen any yet: whoever watches would
# otherwise take what changed since for something old.
place_etcd() {
	local data=$ROOT/var/lib/etcd peer=https://${ENDPOINT%:*}:2380
	etcd_tools
	check_etcd "$POINT/etcd.db" ||
		fail "the point's copy of etcd is damaged" "choose another point" cat "$LOGS/etcd-check.log"
	rm -rf "$data.new" "$data.old"
	logged etcd-restore timeout 600 "$TOOLS/etcdutl" snapshot restore "$POINT/etcd.db" --data-dir "$data.new" \
		--name "$NODE_NAME" --initial-cluster "$NODE_NAME=$peer" --initial-advertise-peer-urls "$peer" \
		--bump-revision 1000000000 --mark-compacted ||
		fail "etcd's data cannot be made of the point" "read what etcdutl says" cat "$LOGS/etcd-restore.log"
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
	place_key
	place_etcd
	say "starting the control plane"
	systemctl start kubelet
}
