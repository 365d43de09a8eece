package workloads

import (
	"path"

	"ecommerce-platform/infra/boundary"
)

const (
	// psql speaks to the server's socket, where the image lets its superuser in without a password.
	psql    = "psql --no-psqlrc --quiet --username postgres --dbname postgres --set ON_ERROR_STOP=1"
	dumpAll = "pg_dumpall --username postgres"
	// postgresAnswers waits for the server: the one that sets the data directory up listens on a socket only.
	postgresAnswers = "timeout 600 sh -c 'until pg_isready -q -h 127.0.0.1 -U postgres; do sleep 1; done'"
	// firstRow ends at the first row of any table, so that a large database is not dumped to see whether there is one.
	firstRow = `sed -n -e '/^COPY .* FROM stdin;$/{n;/^\\\.$/!{s/.*/rows/p;q}}' -e '/^no answer$/p'`
	// disconnect ends other sessions, since a database that somebody uses cannot be replaced.
	disconnect = psql + ` --output /dev/null --command "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'"`
	// ownRole takes out what a server refuses: to drop the role of the session, or that of servers which follow it, or to create one that
	// is there. Rows of tables come after the first \connect.
	ownRole = `1,/^\\connect /{/^(DROP ROLE IF EXISTS|CREATE ROLE) (postgres|streaming_replica);$/d;}`
	// alone keeps a backend, which connects again at once, out of a database until it is whole: the limit binds all but superusers.
	alone = `s/^DROP DATABASE IF EXISTS (.*);$/DROP DATABASE IF EXISTS \1 WITH (FORCE);/; ` +
		`s/^(CREATE DATABASE ("[^"]+"|[^ ]+) .*;)$/\1\nALTER DATABASE \2 CONNECTION LIMIT 0;/`
	// open lets everybody in again.
	open = `printf '%s\n' '\connect postgres' 'select format($$alter database %I connection limit -1$$, datname) from pg_database where datconnlimit = 0 \gexec'`
)

// Dumps are those of the shop. The caches need none.
func (d Database) Dumps(namespace string) []boundary.Dump {
	workload, scripts := "deployment/"+postgresName, postgresScripts
	if d.Replicated() {
		workload, scripts = "service/"+d.host(), projected
	}
	// The passwords are the Secrets', and not those that the roles had when they were dumped.
	passwords := "sh " + path.Join(scripts, "roles.sh")
	return []boundary.Dump{{
		Name: "postgres.sql", Namespace: namespace, Workload: workload,
		End:  "-- PostgreSQL database cluster dump complete",
		Dump: dumpAll + " --clean --if-exists",
		Content: postgresAnswers + " && { " + dumpAll + " --data-only || echo 'no answer'; } | " + firstRow +
			" | { read -r first || first=empty; echo \"$first\"; }",
		Restore: postgresAnswers + " && " + disconnect + " && { sed -E '" + ownRole + "; " + alone + "'; " + open + "; } | " + psql + " && " + passwords,
	}}
}
