#!/bin/sh
# Becomes the server, once it is the only one on its data and these are of its version. The container's command.
# PGDATA, below VOLUME; TAG_MAJOR, the version that the image's tag tells.
set -eu

# refuse SENTENCE ends the container; Kubernetes shows the sentence as the reason.
refuse() {
	echo "start: FAILED: $1" >&2
	echo "$1" 2>/dev/null >/dev/termination-log || true
	exit 1
}

# A lock of the kernel ends with the processes that hold it, and is seen by every container on the node. PostgreSQL's own,
# a process ID in a file, says nothing between containers.
exec 9>"$VOLUME/server.lock"
flock -n 9 || refuse "another server runs on this data directory: end it first"

major=$(postgres --version | sed 's/^[^0-9]*\([0-9]*\).*$/\1/')
[ "$major" = "$TAG_MAJOR" ] || refuse "the image holds PostgreSQL $major and its tag says $TAG_MAJOR: name an image whose tag tells the truth"
if [ -s "$PGDATA/PG_VERSION" ]; then
	data=$(cat "$PGDATA/PG_VERSION")
	[ "$data" = "$major" ] || refuse "the data are PostgreSQL $data's and the image is PostgreSQL $major: set postgres.image back, and upgrade as docs/operations.md says"
fi
exec docker-entrypoint.sh postgres
