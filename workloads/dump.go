package workloads

import "ecommerce-platform/infra/boundary"

const (
	// psql speaks to the server's socket, where the image lets its superuser in without a password.
	psql = "psql --no-psqlrc --quiet --username postgres --dbname postgres --set ON_ERROR_STOP=1"
	// postgresAnswers waits for the server: the one that sets the data directory up listens on a socket only.
	postgresAnswers = "timeout 600 sh -c 'until pg_isready -q -h 127.0.0.1 -U postgres; do sleep 1; done'"
	// disconnect ends other sessions, since a database that somebody uses cannot be replaced.
	disconnect = psql + ` --output /dev/null --command "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'"`
	// ownRole takes out what a server refuses: to drop the role of the session, or to create one that is there.
	ownRole = `/^(DROP ROLE IF EXISTS|CREATE ROLE) postgres;$/d`
	// alone keeps a backend, which connects again at once, out of a database until it is whole: the limit binds all but superusers.
	alone = `s/^DROP DATABASE IF EXISTS (.*);$/DROP DATABASE IF EXISTS \1 WITH (FORCE);/; ` +
		`s/^(CREATE DATABASE ("[^"]+"|[^ ]+) .*;)$/\1\nALTER DATABASE \2 CONNECTION LIMIT 0;/`
	// open lets everybody in again.
	open = `printf '%s\n' '\connect postgres' 'select format($$alter database %I connection limit -1$$, datname) from pg_database where datconnlimit = 0 \gexec'`
)

// Dumps are those of the shop. The caches need none.
func Dumps(namespace string) []boundary.Dump {
	return []boundary.Dump{{
		Name: "postgres.sql", Namespace: namespace, Workload: "deployment/" + postgresName,
		Dump:    "pg_dumpall --clean --if-exists --username postgres",
		Restore: postgresAnswers + " && " + disconnect + " && { sed -E '" + ownRole + "; " + alone + "'; " + open + "; } | " + psql,
	}}
}
