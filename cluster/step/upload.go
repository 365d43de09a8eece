package step

import (
	"crypto/sha256"
	"encoding/hex"
)

// unpack is the one way of files onto a machine: it makes a directory, $new, of the tar in base64 on stdin, once that is known to
// be all of it. A connection may be lost at any byte, and a tar that ends at one of its members is a tar.
const unpack = `rm -rf $new $new.packed; mkdir $new; cat >$new.packed
if ! echo "$PLATFORM_SHA256  $new.packed" | sha256sum --check --status; then
	echo "FAILED: the upload was cut off, and nothing on this machine has changed; run pulumi up again" >&2; exit 1
fi
base64 -d <$new.packed | tar -x -C $new; rm $new.packed`

// replace makes what is on stdin the machine's scripts and files. They are a directory of their own, named by what is in them,
// which takes the old one's place by one rename. What runs goes on in its own directory, which stays until nothing does.
const replace = `sudo timeout --kill-after=10 120 env PLATFORM_DIGEST=%s PLATFORM_SHA256=%s sh -c '` +
	`set -eu; umask 077; all=/opt/platform.d; mkdir -p $all; exec 9>$all/lock; flock --wait 60 9
this=$all/$PLATFORM_DIGEST; new=$all/new; ` + unpack + `
if [ -e $this ]; then rm -rf $new; else sync; mv -T $new $this; fi
old=$(readlink /opt/platform || true)
if [ -z "$old" ] && [ -e /opt/platform ]; then rm -rf $all/before; mv -T /opt/platform $all/before; fi
ln -sfn $this $all/link; mv -T $all/link /opt/platform; sync $all /opt
for version in $all/*/; do
	version=${version%%/}
	[ $version = $this ] || [ $version = "$old" ] || flock --nonblock $version/bin rm -rf $version || true
done'`

// checksum is what the machine compares an upload with before it touches it.
func checksum(packed string) string {
	sum := sha256.Sum256([]byte(packed))
	return hex.EncodeToString(sum[:])
}
