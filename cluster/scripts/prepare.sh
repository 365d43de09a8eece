#!/usr/bin/env bash
# Makes a Debian machine ready for kubeadm: kernel settings, container runtime, Kubernetes' packages.
# NODE_IP, KUBERNETES_VERSION, CONTAINERD_VERSION; SWAP=off|keep; PACKAGES: base URL of the package mirror,
# empty for the public sources; REGISTRIES: those that the image mirror stands for; TRUSTED: those with certificates of
# their own.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
# shellcheck source-path=SCRIPTDIR source=packages.sh
source "${BASH_SOURCE[0]%/*}/packages.sh"
# shellcheck source-path=SCRIPTDIR source=containerd.sh
source "${BASH_SOURCE[0]%/*}/containerd.sh"
# shellcheck source-path=SCRIPTDIR source=version.sh
source "${BASH_SOURCE[0]%/*}/version.sh"
# shellcheck source-path=SCRIPTDIR source=metadata.sh
source "${BASH_SOURCE[0]%/*}/metadata.sh"

PACKAGES_NEEDED=(ca-certificates cloud-guest-utils conntrack curl ethtool iproute2 iptables kmod nftables openssl socat xfsprogs)

await_cloud_init() {
	command -v cloud-init >/dev/null || return 0
	say "waiting for cloud-init"
	local code=0
	timeout 900 cloud-init status --wait >/dev/null 2>&1 || code=$?
	case $code in
	0) ;;
	2) say "cloud-init ended with warnings, which are in /var/log/cloud-init.log" ;;
	124) fail "cloud-init is not done after 15 minutes" "look at /var/log/cloud-init-output.log on the node" cloud-init status --long ;;
	*) fail "cloud-init failed" "look at /var/log/cloud-init.log on the node; a machine made anew runs it again" cloud-init status --long ;;
	esac
}

check_address() {
	[[ $(ip -oneline -4 address show) == *" inet $NODE_IP/"* ]] ||
		fail "no interface of this machine has the address $NODE_IP" "compare privateIp in the config with the machine's addresses" \
			ip -brief -4 address show
}

is_member() {
	[[ -s $STATE/initialized || -s $STATE/joined ]]
}

# Refused here, before anything has changed anywhere, is what the upgrade could not do.
check_upgrade() {
	local version
	version=$(installed_version kubelet)
	if is_member && [[ -n $version ]]; then
		check_step "$version" "this node"
	fi
	version=$(installed_version containerd.io)
	if is_member && [[ -n $version ]]; then
		check_forward containerdVersion "$CONTAINERD_VERSION" "$version" "this node"
	fi
}

set_kernel() {
	say "setting up the kernel"
	install -d -m 0755 "$ROOT/etc/modules-load.d" "$ROOT/etc/sysctl.d"
	printf '%s\n' overlay br_netfilter nf_conntrack >"$ROOT/etc/modules-load.d/platform.conf"
	# Modules may be built in, or not be this machine's to load: what counts is that they work.
	modprobe --all overlay br_netfilter nf_conntrack 2>/dev/null || true
	grep -qw overlay "$ROOT/proc/filesystems" ||
		fail "the kernel has no overlay file system" "use a kernel with the module overlay" uname --all
	# rp_filter: Calico does not start where the machine's own default is loose (2).
	# syn_sent: a connection that a dead pod did not answer is remembered this many seconds, by default 120, and another one
	# from the same port is sent to the dead pod's address again. https://docs.kernel.org/networking/nf_conntrack-sysctl.html
	cat >"$ROOT/etc/sysctl.d/99-platform.conf" <<-'END'
		net.ipv4.ip_forward = 1
		net.ipv4.conf.all.rp_filter = 1
		-net.bridge.bridge-nf-call-iptables = 1
		-net.bridge.bridge-nf-call-ip6tables = 1
		-net.netfilter.nf_conntrack_tcp_timeout_syn_sent = 10
	END
	logged sysctl sysctl --load="$ROOT/etc/sysctl.d/99-platform.conf" || true
	local key
	for key in net/ipv4/ip_forward net/bridge/bridge-nf-call-iptables; do
		if [[ -e $ROOT/proc/sys/$key && $(<"$ROOT/proc/sys/$key") != 1 ]]; then
			fail "the kernel setting ${key//\//.} cannot be set to 1" "see what else sets it in /etc/sysctl.d" cat "$LOGS/sysctl.log"
		fi
	done
}

# A kubelet that is configured to live with swap (failSwapOn: false) keeps the machine's.
set_swap() {
	[[ $SWAP == off ]] || return 0
	if [[ -e $ROOT/etc/fstab ]]; then
		sed -i -E 's/^([^#[:space:]]+[[:space:]]+[^[:space:]]+[[:space:]]+swap[[:space:]].*)$/# \1/' "$ROOT/etc/fstab"
	fi
	if (($(wc -l <"$ROOT/proc/swaps") > 1)); then
		say "turning swap off"
		swapoff --all || true
		if (($(wc -l <"$ROOT/proc/swaps") > 1)); then
			fail "swap cannot be turned off" "remove it from the machine, or set kubelet.failSwapOn to false" cat "$ROOT/proc/swaps"
		fi
	fi
}

# What a person has put there comes back when the mirror goes.
move_sources() {
	local from=$1 to=$2 file
	install -d -m 0755 "$to"
	for file in "$from"/*.list "$from"/*.sources; do
		if [[ -e $file && ${file##*/} != platform.list ]]; then
			mv "$file" "$to/"
		fi
	done
}

codename() {
	sed -n 's/^VERSION_CODENAME=//p' "$ROOT/etc/os-release" | tr -d '"'
}

use_mirror() {
	local codename signed='[signed-by=/etc/apt/keyrings/platform.asc]'
	codename=$(codename)
	place "$FILES/packages.asc" "$APT/keyrings/platform.asc" 0644
	move_sources "$APT" "$STATE/sources"
	move_sources "$APT/sources.list.d" "$STATE/sources/more"
	printf 'deb %s %s/debian %s main\ndeb %s %s/docker %s stable\ndeb %s %s/kubernetes/v%s/deb/ /\n' \
		"$signed" "$PACKAGES" "$codename" "$signed" "$PACKAGES" "$codename" "$signed" "$PACKAGES" "${KUBERNETES_VERSION%.*}" >"$APT/sources.list.d/platform.list"
}

use_public_sources() {
	local url=https://pkgs.k8s.io/core:/stable:/v${KUBERNETES_VERSION%.*}/deb
	if [[ -d $STATE/sources ]]; then
		move_sources "$STATE/sources/more" "$APT/sources.list.d"
		move_sources "$STATE/sources" "$APT"
	fi
	if ! command -v curl >/dev/null; then
		rm -f "$APT/sources.list.d/platform.list"
		update_lists
		install_packages ca-certificates curl
	fi
	printf 'deb [signed-by=/etc/apt/keyrings/docker.asc] %s %s stable\ndeb [signed-by=/etc/apt/keyrings/platform.asc] %s/ /\n' \
		"$DOCKER" "$(codename)" "$url" >"$APT/sources.list.d/platform.list"
	renew_key
}

# The kubelet must never be newer than the API server, and no runtime is replaced below pods, so a member's packages wait for
# their turn in the upgrade. They are fetched here all the same: that no longer takes time then, nor can it fail.
set_packages() {
	local name missing=() later=()
	for name in "${PACKAGES_NEEDED[@]}"; do
		installed "$name" || missing+=("$name")
	done
	for name in "${HELD_PACKAGES[@]}"; do
		if has_version "$name"; then
			continue
		elif is_member; then
			later+=("$name=$(wanted_version "$name")-*")
		else
			missing+=("$name=$(wanted_version "$name")-*")
		fi
	done
	install -d -m 0755 "$APT/keyrings" "$APT/sources.list.d"
	if [[ -n $PACKAGES ]]; then
		use_mirror
	elif ((${#missing[@]} + ${#later[@]} > 0)) || [[ ! -e $APT/sources.list.d/platform.list || -d $STATE/sources ]]; then
		say "setting up package sources"
		use_public_sources
		rm -rf "$STATE/sources"
	fi
	if ((${#missing[@]} + ${#later[@]} > 0)); then
		say "fetching package lists"
		update_lists
	fi
	if ((${#missing[@]} > 0)); then
		say "installing ${missing[*]}"
		install_packages "${missing[@]}"
	fi
	if ((${#later[@]} > 0)); then
		say "fetching ${later[*]%-*} for the upgrade"
		install_packages --download-only "${later[@]}"
	else
		check_versions "${HELD_PACKAGES[@]}"
	fi
}

set_registries() {
	local hosts=$ROOT/etc/containerd/certs.d list=$STATE/registries registry
	if [[ -e $list ]]; then
		while read -r registry; do
			[[ " ${REGISTRIES:-} ${TRUSTED:-} " == *" $registry "* ]] || rm -rf "${hosts:?}/$registry"
		done <"$list"
	fi
	for registry in ${REGISTRIES:-}; do
		place "$FILES/hosts.toml" "$hosts/$registry/hosts.toml" 0644
	done
	for registry in ${TRUSTED:-}; do
		place "$FILES/$registry.ca.crt" "$hosts/$registry/ca.crt" 0644
		place "$FILES/$registry.hosts.toml" "$hosts/$registry/hosts.toml" 0644
	done
	for registry in ${REGISTRIES:-} ${TRUSTED:-}; do
		printf '%s\n' "$registry"
	done >"$list"
}

# What starts the kubelet and what it starts with is for root only. kubeadm and the kubelet's package write both for all to read, so
# that the kubelet closes them whenever it starts.
set_kubelet() {
	local files=(/var/lib/kubelet/config.yaml /usr/lib/systemd/system/kubelet.service) unit=$ROOT/etc/systemd/system/kubelet.service.d file
	install -d -m 0755 "$unit"
	printf '[Service]\nExecStartPre=-/usr/bin/chmod 0600 %s\n' "${files[*]}" >"$unit/20-permissions.conf"
	for file in "${files[@]}"; do
		[[ ! -e $ROOT$file ]] || chmod 0600 "$ROOT$file"
	done
}

# A member keeps a runtime of another version, with the settings that this one knows, until its turn in the upgrade.
set_containerd() {
	set_registries
	printf 'runtime-endpoint: unix:///run/containerd/containerd.sock\n' >"$ROOT/etc/crictl.yaml"
	set_kubelet
	systemctl --quiet enable containerd kubelet
	if has_version containerd.io; then
		run_containerd
	fi
}

alone "$SCRIPT"
await_cloud_init
check_address
check_upgrade
set_kernel
set_swap
set_packages
set_metadata
set_containerd
say "the machine is ready for Kubernetes $KUBERNETES_VERSION"
