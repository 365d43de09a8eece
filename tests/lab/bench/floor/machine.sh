#!/usr/bin/env bash
# Makes a machine of the floor ready for kubeadm.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
ETC=/opt/platform/etc

# An end with warnings is an end.
cloud-init status --wait >/dev/null || (($? == 2))

printf 'net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.rp_filter = 1\n' >/etc/sysctl.d/99-platform.conf
sysctl --load=/etc/sysctl.d/99-platform.conf || true

rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
install -D -m 0644 "$ETC/packages.asc" /etc/apt/keyrings/platform.asc
. /etc/os-release
printf 'deb [signed-by=/etc/apt/keyrings/platform.asc] %s\n' "$PACKAGES/debian $VERSION_CODENAME main" \
	"$PACKAGES/docker $VERSION_CODENAME stable" \
	"$PACKAGES/kubernetes/v${KUBERNETES_VERSION%.*}/deb/ /" >/etc/apt/sources.list.d/platform.list
# The packages are those that the platform's own scripts name, at the one version that the mirror has of each.
eval "$(grep -m 1 '^HELD_PACKAGES=' /opt/platform/bin/packages.sh)"
eval "$(grep -m 1 '^PACKAGES_NEEDED=' /opt/platform/bin/prepare.sh)"
apt-get --quiet update
apt-get --yes --quiet -o Dpkg::Options::=--force-confold install --no-install-recommends \
	"${PACKAGES_NEEDED[@]}" "${HELD_PACKAGES[@]}"

for registry in $REGISTRIES; do
	install -D -m 0644 "$ETC/hosts.toml" "/etc/containerd/certs.d/$registry/hosts.toml"
done
install -D -m 0644 "$ETC/containerd.toml" /etc/containerd/config.toml
systemctl --quiet enable containerd kubelet
systemctl restart containerd
for volume in $VOLUMES; do
	install -d -m 0770 "${volume%=*}/data"
done
