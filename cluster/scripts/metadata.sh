#!/usr/bin/env bash
# Sourced by prepare.sh: who reaches the instance metadata from this machine. They hold the user data, with the machine's SSH
# host key, and the credentials of its role. Root may, outside of pods, since backups need the role.
# shellcheck disable=SC2153,SC2154 # variables of lib.sh

METADATA=$ROOT/etc/platform-metadata.nft

# metadata_rules prints them. A verdict of this table counts whatever Calico and kube-proxy say in theirs. Pods are told from
# services and logins by their cgroup; where the machine has version 1 of those, a pod on its network that runs as root passes.
metadata_rules() {
	local root='meta skuid 0 accept'
	if [[ $(stat --file-system --format %T "$ROOT/sys/fs/cgroup" 2>/dev/null) == cgroup2fs ]]; then
		root=$(printf 'meta skuid 0 socket cgroupv2 level 1 "%s" accept\n' system.slice user.slice)
	fi
	cat <<-END
		table inet platform_metadata
		delete table inet platform_metadata
		table inet platform_metadata {
		chain output {
		type filter hook output priority filter; policy accept;
		ip daddr != 169.254.169.254 accept
		$root
		reject
		}
		chain forward {
		type filter hook forward priority filter; policy accept;
		ip daddr 169.254.169.254 drop
		}
		}
	END
}

# The rules name cgroups, which have to be there.
metadata_unit() {
	cat <<-'END'
		[Unit]
		Description=Instance metadata for root alone, outside of pods
		Wants=user.slice
		After=user.slice
		Before=kubelet.service

		[Service]
		Type=oneshot
		RemainAfterExit=yes
		ExecStart=/usr/sbin/nft --file /etc/platform-metadata.nft

		[Install]
		WantedBy=multi-user.target
	END
}

set_metadata() {
	local unit=$ROOT/etc/systemd/system/platform-metadata.service
	metadata_rules >"$STATE/metadata"
	place "$STATE/metadata" "$METADATA" 0644
	metadata_unit >"$STATE/metadata"
	place "$STATE/metadata" "$unit" 0644
	[[ -z $CHANGED ]] || systemctl daemon-reload
	systemctl --quiet enable platform-metadata.service
	logged metadata nft --file "$METADATA" ||
		fail "the instance metadata cannot be closed to pods" "read what nft says; the kernel needs nf_tables" cat "$LOGS/metadata.log"
}
