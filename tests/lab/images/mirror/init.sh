#!/bin/bash
# Runs the mirror's three servers; ends when one of them does, so that the container's end shows the failure.
set -euo pipefail

stop() {
	trap - TERM INT
	# shellcheck disable=SC2046 # one word per process is what kill wants
	kill $(jobs -p) 2>/dev/null || true
	wait || true
	exit "$1"
}
trap 'stop 0' TERM INT

nginx &
docker-registry serve /etc/docker/registry/config.yml &
# Every name is answered with NXDOMAIN at once: what waits for a timeout elsewhere hides the name it asked for.
dnsmasq --keep-in-foreground --no-resolv --no-hosts --no-poll --address=/#/ --user=nobody &

status=0
wait -n || status=$?
echo "mirror: a server ended with status $status" >&2
stop 1
