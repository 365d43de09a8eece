#!/bin/bash
# PID 1 of a lab machine until systemd takes over: makes what Docker mounts into what a machine has.
# The twin's machines put files into /etc/twin before the start; without them the image boots all the same.
set -euo pipefail

# Tests run this on a directory instead of a machine.
ROOT=${TWIN_ROOT:-}

# Docker mounts these read-only; systemd, runc and the kubelet write to them.
mount -o remount,bind,rw "$ROOT/sys"
arguments=()
if [ -e "$ROOT/sys/fs/cgroup/cgroup.controllers" ]; then
	mount -o remount,bind,rw "$ROOT/sys/fs/cgroup"
else
	for group in "$ROOT/sys/fs/cgroup" "$ROOT"/sys/fs/cgroup/*/; do
		if mountpoint -q "$group"; then
			mount -o remount,bind,rw "$group"
		fi
	done
	# systemd keeps its processes in a hierarchy of its own, which a host without systemd does not have.
	if ! mountpoint -q "$ROOT/sys/fs/cgroup/systemd"; then
		mount -o remount,rw "$ROOT/sys/fs/cgroup" 2>/dev/null || true
		mkdir -p "$ROOT/sys/fs/cgroup/systemd"
		mount -t cgroup -o none,name=systemd cgroup "$ROOT/sys/fs/cgroup/systemd"
	fi
	# From release 256 on systemd refuses the first version of control groups, unless its kernel command line, which in a
	# container is its own, asks for it in these words. Earlier ones ignore them.
	arguments=(SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1 systemd.unified_cgroup_hierarchy=0)
fi

# Without this, systemctl and kube-proxy find kernel settings read-only.
if mountpoint -q "$ROOT/proc/sys"; then
	mount -o remount,bind,rw "$ROOT/proc/sys"
fi

# Mount propagation from pods to the kubelet needs a shared root.
mount --make-rshared /

# Docker writes these three anew at every start and mounts them over the machine's own. A machine owns them: cloud-init
# names the host once, and the resolver is the network's, not Docker's 127.0.0.11, at which CoreDNS would find itself.
for file in "$ROOT/etc/hostname" "$ROOT/etc/hosts" "$ROOT/etc/resolv.conf"; do
	content=$(cat "$file")
	# More than once: what docker cp mounted before the start may still lie below Docker's own mount.
	for _ in 1 2 3 4 5; do
		mountpoint -q "$file" || break
		umount "$file" || true # Docker may have taken it away in between
	done
	if [ ! -s "$file" ]; then
		printf '%s\n' "$content" >"$file"
	fi
done
if [ -f "$ROOT/etc/twin/resolv.conf" ]; then
	cat "$ROOT/etc/twin/resolv.conf" >"$ROOT/etc/resolv.conf"
fi
hostname -F "$ROOT/etc/hostname"

# The kubelet reads kernel messages.
if [ ! -e "$ROOT/dev/kmsg" ]; then
	mknod "$ROOT/dev/kmsg" c 1 11 || ln -s "$ROOT/dev/console" "$ROOT/dev/kmsg"
fi

# Volumes in files need loop devices, which a machine's own kernel would show.
if [ ! -e "$ROOT/dev/loop-control" ]; then
	mknod "$ROOT/dev/loop-control" c 10 237
fi
for number in $(seq 0 63); do
	if [ ! -e "$ROOT/dev/loop$number" ]; then
		mknod "$ROOT/dev/loop$number" b 7 "$number"
	fi
done

# A kernel would find the disks that were attached, and systemd mounts none in a container.
if [ -s "$ROOT/etc/twin/disks" ]; then
	"$ROOT/usr/local/sbin/twin-disks"
	while read -r _ _ _ serial; do
		by_id=/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_$serial
		while read -r source directory kind options _; do
			if [ "$source" = "$by_id" ]; then
				mount -t "$kind" -o "$options" "$source" "$directory" || [[ $options == *nofail* ]]
			fi
		done <"$ROOT/etc/fstab"
	done <"$ROOT/etc/twin/disks"
fi

# Nodes forward their pods' packets; Docker's network is the machine's network interface.
echo 1 >"$ROOT/proc/sys/net/ipv4/ip_forward"

# EC2's security groups are in force before anything of the machine runs.
if [ -f "$ROOT/etc/twin/firewall.nft" ]; then
	nft --file "$ROOT/etc/twin/firewall.nft"
fi

# systemd must not take the first start for a factory reset, nor two machines for one.
if [ ! -s "$ROOT/etc/machine-id" ]; then
	tr -d - </proc/sys/kernel/random/uuid >"$ROOT/etc/machine-id"
fi

exec env -i container=docker PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$ROOT/sbin/init" "${arguments[@]}" "$@"
