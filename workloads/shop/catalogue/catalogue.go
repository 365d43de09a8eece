package catalogue

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/singleflight"

	"ecommerce-platform/workloads/shop/database"
	"ecommerce-platform/workloads/shop/meter"
)

// Where an answer came from.
const (
	Cache    = "cache"
	Database = "database"
)

// Answer is something of the catalogue, and how good it is.
type Answer[T any] struct {
	Value T
	// Source is Cache or Database. What this process remembers from before counts as cached.
	Source string
	// Fresh is for how long the answer is the truth. A stale one, which the database could not be asked about, has none.
	Fresh time.Duration
}

// Stale tells whether the answer is older than an answer may be.
func (a Answer[T]) Stale() bool { return a.Fresh <= 0 }

// Catalogue answers what the shop sells.
//
// A change of it is seen by every reader Lifetime after it was committed: that is how long an entry of a cache is the truth,
// counted from when the database was asked, and nobody who passes an answer on may keep it for longer than it is Fresh. So caches
// need to know nothing of each other, nor of who changes what.
type Catalogue struct {
	shelf  shelf
	cache  *cache
	memory memory
	schema *database.Schema
	meter  *meter.Meter
	flight singleflight.Group
}

// Settings are how long entries of the cache are used.
type Settings struct {
	// Lifetime is how long an entry is the truth.
	Lifetime time.Duration
	// Keep is how long beyond that an entry is served while the database is away, marked as stale.
	Keep time.Duration
}

// New returns the catalogue in a database behind a cache.
func New(pool *pgxpool.Pool, client *redis.Client, schema *database.Schema, counts *meter.Meter, settings Settings) *Catalogue {
	return &Catalogue{
		shelf:  shelf{pool},
		cache:  &cache{client: client, lifetime: settings.Lifetime, keep: settings.Keep},
		memory: newMemory(settings),
		schema: schema,
		meter:  counts,
	}
}

// Keys name the version of what they hold: a program whose products look otherwise must not read these.
const keyPrefix = "shop:v1:"

// List returns all products.
func (c *Catalogue) List(ctx context.Context) (Answer[[]Product], error) {
	return read(ctx, c, keyPrefix+"products", c.shelf.all)
}

// Item returns one product, or ErrNoProduct.
func (c *Catalogue) Item(ctx context.Context, id string) (Answer[Product], error) {
	return read(ctx, c, keyPrefix+"product:"+id, func(ctx context.Context) (Product, error) { return c.shelf.one(ctx, id) })
}

// read is cache-aside: the cache, on a miss the database, then written back. Where neither has it, what was seen last is served.
func read[T any](ctx context.Context, c *Catalogue, key string, load func(context.Context) (T, error)) (Answer[T], error) {
	cached, kept, err := lookup[T](ctx, c, key)
	c.meter.LookedUp(kept && !cached.Stale(), err)
	if kept && !cached.Stale() {
		// The last fifth of a lifetime is for renewing: one reader does it, and nobody waits.
		if cached.Fresh < c.cache.lifetime/5 && c.cache.claim(ctx, key, database.Patience) {
			go func() { _, _ = fetch(context.WithoutCancel(ctx), c, key, load) }()
		}
		return cached, nil
	}
	loaded, err := renew(ctx, c, key, load)
	if err == nil || !database.IsAway(err) {
		return loaded, err
	}
	if !kept {
		cached, kept = answered[T](c.memory.get(key))
	}
	if kept {
		return cached, nil
	}
	return loaded, err
}

// lookup tells what the cache holds, and whether it does. An error is of a cache that does not answer.
func lookup[T any](ctx context.Context, c *Catalogue, key string) (Answer[T], bool, error) {
	found, err := c.cache.get(ctx, key)
	if found != nil {
		c.memory.put(key, found.value, time.Now().Add(found.fresh-c.cache.lifetime))
	}
	answer, kept := answered[T](found)
	return answer, kept, err
}

func answered[T any](found *entry) (Answer[T], bool) {
	if found == nil {
		return Answer[T]{}, false
	}
	answer := Answer[T]{Source: Cache, Fresh: found.fresh}
	return answer, json.Unmarshal(found.value, &answer.Value) == nil
}

// renew asks the database once for all who want the same now: those of this process wait for one of them, and that one waits a
// little for another process that asks already.
func renew[T any](ctx context.Context, c *Catalogue, key string, load func(context.Context) (T, error)) (Answer[T], error) {
	flight := c.flight.DoChan(key, func() (any, error) {
		// It goes on when the first who asked has left: others wait.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), database.Patience)
		defer cancel()
		if !c.cache.claim(ctx, key, database.Patience) {
			if answer, ok := await[T](ctx, c, key); ok {
				return answer, nil
			}
		}
		return fetch(ctx, c, key, load)
	})
	select {
	case <-ctx.Done():
		return Answer[T]{}, ctx.Err()
	case result := <-flight:
		if result.Err != nil {
			return Answer[T]{}, result.Err
		}
		return result.Val.(Answer[T]), nil
	}
}

// await looks whether the one who has the claim has written a fresh entry, for as long as a query commonly takes.
func await[T any](ctx context.Context, c *Catalogue, key string) (Answer[T], bool) {
	ctx, cancel := context.WithTimeout(ctx, database.Patience/8)
	defer cancel()
	every := time.NewTicker(10 * time.Millisecond)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return Answer[T]{}, false
		case <-every.C:
		}
		if answer, ok, _ := lookup[T](ctx, c, key); ok && !answer.Stale() {
			return answer, true
		}
	}
}

// fetch asks the database and writes the answer back.
func fetch[T any](ctx context.Context, c *Catalogue, key string, load func(context.Context) (T, error)) (Answer[T], error) {
	ctx, cancel := context.WithTimeout(ctx, database.Patience)
	defer cancel()
	defer c.cache.release(context.WithoutCancel(ctx), key)
	at := time.Now()
	value, err := load(ctx)
	if err != nil {
		return Answer[T]{}, c.schema.Saw(err)
	}
	text, err := json.Marshal(value)
	if err != nil {
		return Answer[T]{}, err
	}
	c.memory.put(key, text, at)
	c.cache.put(ctx, key, text, at)
	return Answer[T]{Value: value, Source: Database, Fresh: c.cache.lifetime - time.Since(at)}, nil
}
