#!/bin/sh
# Runs the preparations of /docker-entrypoint.d in order before nginx: *.envsh set variables for the ones after them
# and for nginx, *.sh are programs.
set -eu

case ${1-} in
nginx | nginx-debug)
	for step in /docker-entrypoint.d/*; do
		[ -x "$step" ] || continue
		case $step in
		*.envsh)
			# shellcheck source=/dev/null
			. "$step"
			;;
		*.sh) "$step" ;;
		esac
	done
	;;
esac

exec "$@"
