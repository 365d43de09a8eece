#!/bin/bash
# Runs the mirror's servers; ends when one of them does, so that the container's end shows the failure.
# With /srv/conf it asks the public sources for what it lacks: a registry for each of theirs, and nginx for packages.
set -euo pipefail

stop() {
	trap - TERM INT
	# shellcheck disable=SC2046 # one word per process is what kill wants
	kill $(jobs -p) 2>/dev/null || true
	wait || true
	exit "$1"
}
trap 'stop 0' TERM INT

if [[ -d /srv/conf ]]; then
	mkdir -p /srv/pulled/packages
	chown www-data /srv/pulled/packages
	awk '$1 == "nameserver" { print "resolver " ($2 ~ /:/ ? "[" $2 "]" : $2) ";"; exit }' /etc/resolv.conf >/run/resolver.conf
fi
nginx &
if [[ -d /srv/conf ]]; then
	REGISTRY_HTTP_ADDR=127.0.0.1:5001 docker-registry serve /etc/docker/registry/config.yml &
	for file in /srv/conf/registries/*; do
		docker-registry serve "$file" &
	done
else
	docker-registry serve /etc/docker/registry/config.yml &
fi
# Every name is answered with NXDOMAIN at once: what waits for a timeout elsewhere hides the name it asked for.
dnsmasq --keep-in-foreground --no-resolv --no-hosts --no-poll --address=/#/ --user=nobody &

status=0
wait -n || status=$?
echo "mirror: a server ended with status $status" >&2
stop 1
