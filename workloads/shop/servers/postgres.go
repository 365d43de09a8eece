package servers

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// debianPostgres is where Debian keeps the servers of each major version.
const debianPostgres = "/usr/lib/postgresql/*/bin"

// Postgres is a PostgreSQL server of the test's own.
type Postgres struct{ *Server }

// StartPostgres starts a server with an empty database and a role that owns it and nothing else, as the platform makes them.
func StartPostgres(t *testing.T) Postgres {
	t.Helper()
	initdb, err := program("initdb", debianPostgres)
	require.NoError(t, err)
	postgres, err := program("postgres", debianPostgres)
	require.NoError(t, err)
	dir, port := directory(t), freePort(t)
	data := filepath.Join(dir, "data")
	output, err := unprivileged(t.Context(), initdb, "--pgdata", data, "--username", "postgres", "--auth", "trust", "--no-sync").CombinedOutput()
	require.NoError(t, err, string(output))

	server := Postgres{&Server{
		t: t, dir: dir, port: port, quit: syscall.SIGQUIT,
		command: []string{postgres, "-D", data, "-p", strconv.Itoa(port), "-c", "listen_addresses=127.0.0.1", "-k", dir},
	}}
	server.answers = func(ctx context.Context) error {
		connection, err := pgx.Connect(ctx, server.url("postgres", "postgres"))
		if err != nil {
			return err
		}
		return connection.Close(ctx)
	}
	server.Start()
	server.Superuser("CREATE ROLE shop LOGIN")
	server.Superuser("CREATE DATABASE shop OWNER shop")
	return server
}

// URL is that of the shop's database, as the role that owns it.
func (p Postgres) URL() string { return p.url("shop", "shop") }

func (p Postgres) url(role, database string) string {
	return fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable", role, p.Addr(), database)
}

// Superuser runs a statement as the server's superuser, outside of the shop's database.
func (p Postgres) Superuser(statement string) {
	p.t.Helper()
	connection, err := pgx.Connect(p.t.Context(), p.url("postgres", "postgres"))
	require.NoError(p.t, err)
	defer func() { _ = connection.Close(context.WithoutCancel(p.t.Context())) }()
	_, err = connection.Exec(p.t.Context(), statement)
	require.NoError(p.t, err, statement)
}
