#!/usr/bin/env bash
# Sourced by the scripts that install packages.
# shellcheck disable=SC2034 # some variables are for the scripts

APT=$ROOT/etc/apt
# Where containerd's project has its packages for Debian. https://github.com/containerd/containerd/blob/main/docs/getting-started.md
DOCKER=https://download.docker.com/linux/debian
# Held at the versions of the configuration: KUBERNETES_VERSION, CONTAINERD_VERSION.
HELD_PACKAGES=(containerd.io kubelet kubeadm kubectl)
export DEBIAN_FRONTEND=noninteractive

# installed_version PACKAGE prints the version without the packaging revision, also of a package that is half installed.
installed_version() {
	local version
	version=$(dpkg-query --show --showformat '${Version}' "$1" 2>/dev/null) || return 0
	printf '%s\n' "${version%%-*}"
}

# installed PACKAGE asks for one that is there as a whole.
installed() {
	[[ $(dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# wanted_version PACKAGE prints the version that a held package should have.
wanted_version() {
	case $1 in
	containerd.io) printf '%s' "$CONTAINERD_VERSION" ;;
	*) printf '%s' "$KUBERNETES_VERSION" ;;
	esac
}

has_version() {
	[[ $(dpkg-query --show --showformat '${db:Status-Status} ${Version}' "$1" 2>/dev/null) == "installed $(wanted_version "$1")-"* ]]
}

# in_turn COMMAND... runs what may fail for a while, and is more patient while it is others who install packages, as
# unattended-upgrades does when a machine has just booted. LAST is what the command printed last.
in_turn() {
	LAST=$("$@" 2>&1) && return 0
	if locked; then
		say "waiting for another program that is at work on packages: $(grep --max-count 1 lock <<<"$LAST")"
		wait_for 900 "$@"
	else
		wait_for 300 "$@"
	fi
}

# locked tells whether a lock of dpkg's or apt's was in the way. Both name the process that holds it.
locked() {
	[[ $LAST == *lock* ]]
}

# give_up WHAT REMEDY ends the script after a command that was not in_turn.
give_up() {
	if locked; then
		fail "another program has been at work on packages for 15 minutes" "see what it does on the node, and end it if it hangs" printf '%s\n' "$LAST"
	fi
	fail "$1" "$2" printf '%s\n' "$LAST"
}

apt_get() {
	# Between the turns somebody else may have the lock again. A failed fetch is an error, not a warning.
	timeout 1500 apt-get --yes --quiet \
		-o Acquire::Retries=5 -o DPkg::Lock::Timeout=600 -o APT::Update::Error-Mode=any \
		-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"
}

# renew_key fetches the keys of the public packages, once a run. They are not shipped: that of Kubernetes is renewed every
# other year, and the lists are signed with the newest one.
renew_key() {
	local url
	url=$(sed -n 's|^deb \[signed-by=[^]]*\] \(https://pkgs\.k8s\.io/[^ ]*\)/ /$|\1|p' "$APT/sources.list.d/platform.list" 2>/dev/null) || true
	[[ -n $url && -z ${KEY_RENEWED:-} ]] || return 0
	fetch_key "$url/Release.key" Kubernetes platform.asc
	fetch_key "$DOCKER/gpg" containerd docker.asc
	KEY_RENEWED=yes
}

# fetch_key URL OWNER FILE
fetch_key() {
	fetch "$1" "$STATE/$3" ||
		fail "the key of $2's packages cannot be fetched: $LAST" "let the node reach $1, or set mirrors.packages"
	place "$STATE/$3" "$APT/keyrings/$3" 0644
}

update_lists() {
	renew_key
	# For the lock of its lists, which its daily service may hold, apt does not wait by itself.
	in_turn apt_get update ||
		give_up "the package lists cannot be fetched" "let the node reach its package sources, or set mirrors.packages"
}

# finish_packages ends what a run that died has begun.
finish_packages() {
	in_turn dpkg --configure -a ||
		give_up "dpkg has unfinished work it cannot finish" "run dpkg --configure -a on the node"
}

# install_packages ARGUMENT... are packages, and options of apt-get.
install_packages() {
	finish_packages
	logged apt apt_get install --no-install-recommends --allow-change-held-packages "$@" ||
		fail "packages cannot be installed" "see whether the sources hold these versions: apt-cache policy $*" cat "$LOGS/apt.log"
}

# check_versions NAME... makes sure that held packages are what they should be.
check_versions() {
	local name
	for name in "$@"; do
		has_version "$name" ||
			fail "$name is not of version $(wanted_version "$name") after the installation" "see apt-cache policy $name on the node" dpkg-query --show "$name"
	done
	in_turn apt-mark hold "$@" ||
		give_up "the packages $* cannot be held at their version" "run apt-mark hold $* on the node"
}

# install_held NAME... brings held packages to their versions.
install_held() {
	local name exact=()
	for name in "$@"; do
		exact+=("$name=$(wanted_version "$name")-*")
	done
	say "installing ${exact[*]%-*}"
	install_packages "${exact[@]}"
	check_versions "$@"
}
