#!/usr/bin/env bash
# Sourced by the scripts that install packages.
# shellcheck disable=SC2034 # some variables are for the scripts

APT=$ROOT/etc/apt
KUBERNETES_PACKAGES=(kubelet kubeadm kubectl)
export DEBIAN_FRONTEND=noninteractive

# installed_version PACKAGE prints the version without the packaging revision, also of a package that is half installed.
installed_version() {
	local version
	version=$(dpkg-query --show --showformat '${Version}' "$1" 2>/dev/null) || return 0
	printf '%s\n' "${version%%-*}"
}

has_version() {
	[[ $(dpkg-query --show --showformat '${db:Status-Status} ${Version}' "$1" 2>/dev/null) == "installed $KUBERNETES_VERSION-"* ]]
}

apt_get() {
	# The lock may be unattended-upgrades'. A failed fetch is an error, not a warning.
	timeout 900 apt-get --yes --quiet \
		-o Acquire::Retries=5 -o DPkg::Lock::Timeout=600 -o APT::Update::Error-Mode=any \
		-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"
}

# renew_key fetches the key of Kubernetes' public packages, once a run. It is not shipped, since it is renewed every other
# year, and the lists are signed with the newest one.
renew_key() {
	local url key=$STATE/packages.asc
	url=$(sed -n 's|^deb \[signed-by=[^]]*\] \(https://pkgs\.k8s\.io/[^ ]*\)/ /$|\1|p' "$APT/sources.list.d/platform.list" 2>/dev/null) || true
	[[ -n $url && -z ${KEY_RENEWED:-} ]] || return 0
	fetch "$url/Release.key" "$key" ||
		fail "the key of Kubernetes' packages cannot be fetched: $LAST" "let the node reach $url, or set mirrors.packages"
	place "$key" "$APT/keyrings/platform.asc" 0644
	KEY_RENEWED=yes
}

update_lists() {
	renew_key
	# apt does not wait for the lock of its lists, which its daily service may hold.
	wait_for 300 apt_get update ||
		fail "the package lists cannot be fetched" "let the node reach its package sources, or set mirrors.packages" printf '%s\n' "$LAST"
}

# install_packages ARGUMENT... are packages, and options of apt-get.
install_packages() {
	wait_for 300 dpkg --configure -a ||
		fail "dpkg has unfinished work it cannot finish" "run dpkg --configure -a on the node" printf '%s\n' "$LAST"
	logged apt apt_get install --no-install-recommends --allow-change-held-packages "$@" ||
		fail "packages cannot be installed" "see whether the sources hold these versions: apt-cache policy $*" cat "$LOGS/apt.log"
}

# check_versions NAME... makes sure that packages of Kubernetes are what they should be.
check_versions() {
	local name
	for name in "$@"; do
		has_version "$name" ||
			fail "$name is not of version $KUBERNETES_VERSION after the installation" "see apt-cache policy $name on the node" dpkg-query --show "$name"
	done
	apt-mark hold "$@" >/dev/null
}

# install_kubernetes NAME... brings some of Kubernetes' packages to KUBERNETES_VERSION.
install_kubernetes() {
	say "installing $* $KUBERNETES_VERSION"
	install_packages "${@/%/=$KUBERNETES_VERSION-*}"
	check_versions "$@"
}
