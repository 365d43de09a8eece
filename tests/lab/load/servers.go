package load

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	_ "github.com/lib/pq" // the driver postgres
)

// patience bounds one question.
const patience = 5 * time.Second

// openDNS looks an address up, each time with a query of its own.
func openDNS(_ context.Context, p Probe) (session, error) { //nolint:unparam // one of several openers
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, p.Targets[0])
	}}
	return session{
		ask: func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			_, err := resolver.LookupNetIP(ctx, "ip4", p.Question)
			return err
		},
		shut: func() error { return nil },
	}, nil
}

// openRedis asks for a key that does not exist, so that nothing is left behind.
func openRedis(ctx context.Context, p Probe) (session, error) {
	connection, err := (&net.Dialer{Timeout: patience}).DialContext(ctx, "tcp", p.Targets[0])
	if err != nil {
		return session{}, err
	}
	answers := bufio.NewReader(connection)
	return session{shut: connection.Close, ask: func(context.Context) error {
		if err := connection.SetDeadline(time.Now().Add(patience)); err != nil {
			return err
		}
		if _, err := connection.Write([]byte("*2\r\n$3\r\nGET\r\n$16\r\nbench:not-a-key!\r\n")); err != nil {
			return err
		}
		line, err := answers.ReadString('\n')
		if err == nil && strings.TrimSpace(line) != "$-1" {
			err = fmt.Errorf("redis answered %q where there is no value", line)
		}
		return err
	}}, nil
}

// query finds a row by an index in a table that every database has.
const query = "select relname from pg_class where oid = 'pg_class'::regclass"

func openPostgres(ctx context.Context, p Probe) (session, error) {
	server := url.URL{Scheme: "postgres", User: url.UserPassword("postgres", p.Password), Host: p.Targets[0], Path: "/postgres"}
	server.RawQuery = "sslmode=disable&connect_timeout=5"
	database, err := sql.Open("postgres", server.String())
	if err != nil {
		return session{}, err
	}
	database.SetMaxOpenConns(1)
	return session{shut: database.Close, ask: func(context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		var name string
		if err := database.QueryRowContext(ctx, query).Scan(&name); err != nil {
			return err
		}
		if name != "pg_class" {
			return fmt.Errorf("postgres answered %q", name)
		}
		return nil
	}}, nil
}
