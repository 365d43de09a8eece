#!/bin/sh
# Options or a configuration file alone are for redis-server, which never runs as root.
set -eu

case ${1-} in
-* | *.conf) set -- redis-server "$@" ;;
esac

# setpriv by path: busybox has one with fewer options, which comes first on PATH.
if [ "${1-}" = redis-server ] && [ "$(id -u)" = 0 ]; then
	find . ! -user redis -exec chown redis {} +
	exec /usr/bin/setpriv --reuid redis --regid redis --clear-groups "$0" "$@"
fi

# Dumps hold what the cache holds.
umask 0077
exec "$@"
