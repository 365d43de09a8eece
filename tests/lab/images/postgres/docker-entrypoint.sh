#!/bin/bash
# Makes the database cluster at first start, with the user, database and scripts that the environment and
# /docker-entrypoint-initdb.d name, then becomes the server.
set -euo pipefail

# value NAME DEFAULT: sets NAME from itself or from the file that NAME_FILE names.
value() {
	local file=${1}_FILE
	if [[ -n ${!1-} && -n ${!file-} ]]; then
		echo "$1 and $file are both set: set one" >&2
		exit 1
	fi
	if [[ -n ${!file-} ]]; then
		printf -v "$1" '%s' "$(<"${!file}")"
	else
		printf -v "$1" '%s' "${!1:-$2}"
	fi
	export "${1?}"
	unset "$file"
}

# query ARGUMENT...: psql on the server that runs during initialisation.
query() {
	PGHOST='' PGHOSTADDR='' psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --no-password "$@"
}

create() {
	local arguments=()
	# shellcheck disable=SC2206 # one word per option is what POSTGRES_INITDB_ARGS means
	arguments=(${POSTGRES_INITDB_ARGS-})
	[[ -z ${POSTGRES_INITDB_WALDIR-} ]] || arguments+=(--waldir "$POSTGRES_INITDB_WALDIR")
	initdb --username "$POSTGRES_USER" --pwfile <(printf '%s\n' "$POSTGRES_PASSWORD") "${arguments[@]}"
	printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-$(postgres -C password_encryption)}" >>"$PGDATA/pg_hba.conf"
}

scripts() {
	local file
	for file in /docker-entrypoint-initdb.d/*; do
		case $file in
		*.sh)
			if [[ -x $file ]]; then
				"$file"
			else
				# shellcheck source=/dev/null
				. "$file"
			fi
			;;
		*.sql) query --dbname "$POSTGRES_DB" --file "$file" ;;
		*.sql.gz) gzip -dc "$file" | query --dbname "$POSTGRES_DB" ;;
		*.sql.xz) xz -dc "$file" | query --dbname "$POSTGRES_DB" ;;
		*.sql.zst) zstd -dc "$file" | query --dbname "$POSTGRES_DB" ;;
		esac
	done
}

# initialise SERVER_OPTION...: everything that happens once in the life of a data directory.
initialise() {
	if [[ -z $POSTGRES_PASSWORD && ${POSTGRES_HOST_AUTH_METHOD-} != trust ]]; then
		echo 'POSTGRES_PASSWORD <unset>: required for the superuser of a new database' >&2
		exit 1
	fi
	create
	# The server of this phase takes no connections over the network, so that no probe counts it as ready.
	PGUSER=$POSTGRES_USER pg_ctl --pgdata "$PGDATA" --options "-c listen_addresses='' ${*@Q}" --wait start
	if [[ $POSTGRES_DB != postgres ]]; then
		query --dbname postgres --set "db=$POSTGRES_DB" <<<'CREATE DATABASE :"db";'
	fi
	PGPASSWORD=$POSTGRES_PASSWORD scripts
	PGUSER=$POSTGRES_USER pg_ctl --pgdata "$PGDATA" --mode fast --wait stop
}

if [[ ${1-} == -* ]]; then
	set -- postgres "$@"
fi

if [[ ${1-} == postgres ]]; then
	if [[ $(id -u) == 0 ]]; then
		mkdir -p "$PGDATA"
		find "$PGDATA" /var/run/postgresql ! -user postgres -exec chown postgres {} +
		exec setpriv --reuid postgres --regid postgres --init-groups "${BASH_SOURCE[0]}" "$@"
	fi
	mkdir -p "$PGDATA"
	# A directory that fsGroup has opened to the group is refused by the server.
	chmod 0700 "$PGDATA" 2>/dev/null || true
	if [[ ! -s $PGDATA/PG_VERSION ]]; then
		value POSTGRES_PASSWORD ''
		value POSTGRES_USER postgres
		value POSTGRES_DB "$POSTGRES_USER"
		initialise "${@:2}"
		unset PGPASSWORD
	fi
fi

exec "$@"
