// Package database is how the shop reaches PostgreSQL, and the schema that it keeps there.
package database

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Patience is how long one use of the database may take, waiting for a connection included.
const Patience = 2 * time.Second

// connections are those that one process holds at the most. PostgreSQL serves 100 by default, to all processes together.
const connections = 10

// A server that is there answers a connection within dialing; what it takes until that is good, connecting bounds, which may be longer than
// anybody waits for it. To give it up then would have a server with much to do begin over and over, and be done with none.
const (
	dialing    = Patience / 2
	connecting = 5 * Patience
)

// Open returns a pool of connections to the server that url names, or, if that is empty, PGHOST and its kin. It connects when
// it is first asked to, so that a server that is away is no reason not to start.
// https://www.postgresql.org/docs/current/libpq-envars.html
func Open(ctx context.Context, url string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.MaxConns = connections
	config.MaxConnLifetime = 10 * time.Minute
	config.ConnConfig.ConnectTimeout = connecting
	config.ConnConfig.DialFunc = (&net.Dialer{Timeout: dialing}).DialContext
	for name, value := range map[string]string{
		"application_name": "shop",
		// The server gives up as well, so that nobody holds a lock for a client that has long turned away. The client does so first: a server that
		// gives up waiting for another one to have an order calls the order placed.
		"statement_timeout":                   "3s",
		"lock_timeout":                        "1s",
		"idle_in_transaction_session_timeout": "5s",
	} {
		config.ConnConfig.RuntimeParams[name] = value
	}
	return pgxpool.NewWithConfig(ctx, config)
}

// Class 08 is of connections, 53 of resources that are short, 57 of operators who stop a server, 58 of its disks.
// https://www.postgresql.org/docs/current/errcodes-appendix.html
var awayClasses = map[string]bool{"08": true, "53": true, "57": true, "58": true}

// Codes of errors of single kinds.
const (
	lockNotAvailable = "55P03"
	readOnly         = "25006"
	undefinedTable   = "42P01"
	undefinedColumn  = "42703"
	noDatabase       = "3D000"
	noPrivilege      = "42501"
	noRole           = "28000"
	wrongPassword    = "28P01"
)

// IsAway tells whether err is of a database that does not answer now and may later, as it is while a server starts, or
// before its roles and its schema are there.
func IsAway(err error) bool {
	if answered := (*pgconn.PgError)(nil); errors.As(err, &answered) {
		switch answered.Code {
		case lockNotAvailable, readOnly, noDatabase, noPrivilege, noRole, wrongPassword:
			return true
		}
		return lacksSchema(answered) || awayClasses[answered.Code[:2]]
	}
	var network net.Error
	var connect *pgconn.ConnectError
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, context.DeadlineExceeded) || pgconn.Timeout(err) || pgconn.SafeToRetry(err) || isCut(err)
}

// isCut tells whether the connection ended before the answer.
func isCut(err error) bool {
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}

func lacksSchema(err *pgconn.PgError) bool {
	return err.Code == undefinedTable || err.Code == undefinedColumn
}
