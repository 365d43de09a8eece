#!/bin/bash
# Makes the signed package repositories of the mirror below /out from what the lab has put below /in:
#   /in/debian/*.deb              packages of Debian
#   /in/docker/<name>/            trees with DEBIAN/control, to become packages of Docker's repository
#   /in/packages/<minor>/<name>/  trees with DEBIAN/control, to become packages of that minor of Kubernetes
# SUITE names Debian's repository and KUBERNETES the minors; GNUPGHOME holds the signing key, made here if there is none.
set -euo pipefail
: "${SUITE:?}" "${KUBERNETES:?}" "${GNUPGHOME:?}"

name='ecommerce-platform lab mirror'
if ! gpg --batch --quiet --list-secret-keys "$name" >/dev/null 2>&1; then
	gpg --batch --quiet --passphrase '' --quick-generate-key "$name" ed25519 sign never
fi

# release DIRECTORY FIELD=VALUE...: writes and signs the Release file of a repository.
release() {
	local dir=$1 field options=()
	shift
	for field in "$@"; do
		options+=(-o "APT::FTPArchive::Release::$field")
	done
	rm -f "$dir/Release" "$dir/InRelease" "$dir/Release.gpg"
	apt-ftparchive "${options[@]}" release "$dir" >/tmp/Release
	mv /tmp/Release "$dir/Release"
	gpg --batch --quiet --yes --local-user "$name" --clearsign --output "$dir/InRelease" "$dir/Release"
	gpg --batch --quiet --yes --local-user "$name" --armor --detach-sign --output "$dir/Release.gpg" "$dir/Release"
}

architecture=$(dpkg --print-architecture)

mkdir -p "/out/apt/debian/pool" "/out/apt/debian/dists/$SUITE/main/binary-$architecture"
cp /in/debian/*.deb /out/apt/debian/pool/
cd /out/apt/debian
index=dists/$SUITE/main/binary-$architecture/Packages
apt-ftparchive packages pool >"$index"
gzip -9kf "$index"
release "dists/$SUITE" Origin=Debian Label=Debian "Suite=$SUITE" "Codename=$SUITE" Components=main "Architectures=$architecture"

# The binaries are large and compress at most to a third: the time is better spent elsewhere.
package() {
	dpkg-deb --root-owner-group -Zgzip -z1 --build "$1" "$2" >/dev/null
}

index=dists/$SUITE/stable/binary-$architecture/Packages
mkdir -p /out/apt/docker/pool "/out/apt/docker/${index%/*}"
cd /out/apt/docker
for tree in /in/docker/*/; do
	package "$tree" pool
done
apt-ftparchive packages pool >"$index"
gzip -9kf "$index"
release "dists/$SUITE" Origin=Docker Label=Docker "Suite=$SUITE" "Codename=$SUITE" Components=stable "Architectures=$architecture"

gpg --batch --armor --export "$name" >/out/key.asc
for minor in $KUBERNETES; do
	mkdir -p "/out/apt/kubernetes/$minor/deb"
	cd "/out/apt/kubernetes/$minor/deb"
	for tree in /in/packages/"$minor"/*/; do
		package "$tree" .
	done
	apt-ftparchive packages . >Packages
	gzip -9kf Packages
	release . Origin=kubernetes "Label=kubernetes $minor" "Architectures=$architecture"
	cp /out/key.asc Release.key
done
