package database

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations
var migrations embed.FS

// Migrations are the steps of the schema. Each adds only, so that the version before goes on with what the next one made.
func Migrations() fs.FS {
	steps, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // go:embed has put them into the program
	}
	return steps
}

// Migrate brings the schema up. Of many that come at once the first does it, under an advisory lock, and the others find it
// done. A schema that is newer than this program stays as it is.
func Migrate(ctx context.Context, pool *pgxpool.Pool, steps fs.FS) ([]*goose.MigrationResult, error) {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60))
	if err != nil {
		return nil, err
	}
	db := stdlib.OpenDBFromPool(pool)
	defer func() { _ = db.Close() }()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, steps,
		goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, err
	}
	return provider.Up(ctx)
}

// Schema keeps the schema up: when the program starts, as soon as the database is there, and again whenever it turns out to
// be gone, as after a disk was lost or an older backup restored.
type Schema struct {
	pool   *pgxpool.Pool
	steps  fs.FS
	log    *slog.Logger
	wanted chan struct{}
}

// NewSchema returns a schema of which nothing is known yet.
func NewSchema(pool *pgxpool.Pool, log *slog.Logger) *Schema {
	return &Schema{pool: pool, steps: Migrations(), log: log, wanted: make(chan struct{}, 1)}
}

// again is how soon a migration that failed is tried anew.
const again = time.Second

// Keep migrates now and whenever Saw met an error that says so, until ctx ends.
func (s *Schema) Keep(ctx context.Context) {
	s.want()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wanted:
		}
		for !s.migrate(ctx) {
			select {
			case <-ctx.Done():
				return
			case <-time.After(again):
			}
		}
	}
}

func (s *Schema) migrate(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	done, err := Migrate(ctx, s.pool, s.steps)
	for _, step := range done {
		s.log.Info("migrated", "version", step.Source.Version, "took", step.Duration)
	}
	if err != nil {
		s.log.Warn("the schema could not be brought up", "error", err)
	}
	return err == nil
}

// Saw has the schema brought up where err says that it is not there, and returns err.
func (s *Schema) Saw(err error) error {
	if answered := (*pgconn.PgError)(nil); errors.As(err, &answered) && lacksSchema(answered) {
		s.want()
	}
	return err
}

func (s *Schema) want() {
	select {
	case s.wanted <- struct{}{}:
	default: // it is wanted already
	}
}
