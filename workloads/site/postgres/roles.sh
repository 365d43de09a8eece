#!/bin/sh
# Gives the roles the passwords that the Secrets hold. The pod is not ready before: a password changes, or this fails and
# runs again, before anybody connects. Nothing of it is in an argument, and what the server reads is a hash.
# POSTGRES_PASSWORD; APPLICATION_ROLE, which owns a database of its name, and APPLICATION_PASSWORD.
set -eu

# Also where the server is read-only, as while its data are moved. A statement that fails is in no log.
export PGOPTIONS='-c default_transaction_read_only=off -c log_statement=none -c log_min_error_statement=panic'

# await_server waits for the server that listens on the network; the one that sets the data directory up does not. A server
# that replays its log (1) takes the time it takes.
await_server() {
	silent=0
	while :; do
		code=0
		pg_isready -q -h 127.0.0.1 -U postgres || code=$?
		case $code in
		0) return ;;
		1) silent=0 ;;
		*) silent=$((silent + 1)) ;;
		esac
		if [ "$silent" -ge 600 ]; then
			echo "roles: FAILED: no server answers after 10 minutes" >&2
			exit 1
		fi
		sleep 1
	done
}

# sql ARGUMENT... speaks to the server's socket, where the image lets its superuser in without a password.
sql() {
	psql --no-psqlrc --quiet --username postgres --dbname postgres --set ON_ERROR_STOP=1 "$@"
}

# password ROLE PASSWORD: without a terminal psql reads it from stdin, twice, and hashes it.
password() {
	printf '%s\n%s\n' "$2" "$2" | sql --command "\\password $1" 2>&1
}

await_server
sql --set "role=$APPLICATION_ROLE" <<'END'
SELECT format('CREATE ROLE %I LOGIN', :'role') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
SELECT format('CREATE DATABASE %I OWNER %I', :'role', :'role') WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'role') \gexec
END
# A server that was the primary goes back with them to where it can follow; to replace the database postgres takes them away.
# https://www.postgresql.org/docs/current/app-pgrewind.html#id-1.9.5.8.8
sql <<'END'
SELECT format('GRANT EXECUTE ON FUNCTION pg_catalog.%s TO streaming_replica', function)
FROM (VALUES ('pg_ls_dir(text, boolean, boolean)'), ('pg_stat_file(text, boolean)'), ('pg_read_binary_file(text)'),
	('pg_read_binary_file(text, bigint, bigint, boolean)')) AS needed (function)
WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = 'streaming_replica') \gexec
END
password postgres "$POSTGRES_PASSWORD"
password "$APPLICATION_ROLE" "$APPLICATION_PASSWORD"
