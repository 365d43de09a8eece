package catalogue

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// cachePatience is how long one use of the cache may take: asking the database takes hardly longer.
	cachePatience = 100 * time.Millisecond
	// cachePause is how long a cache that failed is left alone.
	cachePause = time.Second
)

// OpenCache returns a client of the cache at url, such as redis://redis:6379/0. It connects when it is first asked to.
func OpenCache(url string) (*redis.Client, error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		return nil, err
	}
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout = cachePatience, cachePatience, cachePatience
	options.PoolSize, options.PoolTimeout = 64, cachePatience
	options.MaxRetries = -1 // the database is the second try
	options.ContextTimeoutEnabled = true
	// A connection stays with the pod that it was made to. One that ends now and then lets a cache that came back be met again.
	options.ConnMaxLifetime = time.Minute
	return redis.NewClient(options), nil
}

// cache is Redis as the catalogue uses it: what does not answer has nothing.
type cache struct {
	client *redis.Client
	// lifetime is how long an entry is the truth; keep is how long beyond that it is better than nothing.
	lifetime, keep time.Duration
	pausedUntil    atomic.Int64 // in nanoseconds of the wall clock
}

// entry is what the cache holds under a key.
type entry struct {
	value []byte
	// fresh is for how long it is still the truth; not at all, if negative.
	fresh time.Duration
}

// get returns nil if the cache has nothing, or does not answer, which is an error.
func (c *cache) get(ctx context.Context, key string) (*entry, error) {
	var value *redis.StringCmd
	var left *redis.DurationCmd
	// How old an entry is, the cache knows: the clocks of those who write it may differ.
	err := c.ask(ctx, func(ctx context.Context) error {
		_, err := c.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			value, left = pipe.Get(ctx, key), pipe.PTTL(ctx, key)
			return nil
		})
		return err
	})
	switch {
	case errors.Is(err, redis.Nil):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return &entry{value: []byte(value.Val()), fresh: left.Val() - c.keep}, nil
}

// put keeps a value that was the truth at a time.
func (c *cache) put(ctx context.Context, key string, value []byte, at time.Time) {
	_ = c.ask(ctx, func(ctx context.Context) error {
		return c.client.Set(ctx, key, value, c.lifetime+c.keep-time.Since(at)).Err()
	})
}

// claim tells whether the caller is the one who renews a key now. It is, too, where the cache cannot say.
func (c *cache) claim(ctx context.Context, key string, lease time.Duration) bool {
	claimed := true
	_ = c.ask(ctx, func(ctx context.Context) (err error) {
		won, err := c.client.SetNX(ctx, key+":renewing", 1, lease).Result()
		claimed = won || err != nil
		return err
	})
	return claimed
}

// release lets another one renew a key at once.
func (c *cache) release(ctx context.Context, key string) {
	_ = c.ask(ctx, func(ctx context.Context) error { return c.client.Del(ctx, key+":renewing").Err() })
}

// errPaused says that the cache is left alone for now.
var errPaused = errors.New("the cache failed a moment ago")

// ask bounds a use of the cache, and spares those that follow one that failed.
func (c *cache) ask(ctx context.Context, use func(context.Context) error) error {
	if time.Now().UnixNano() < c.pausedUntil.Load() {
		return errPaused
	}
	bounded, cancel := context.WithTimeout(ctx, cachePatience)
	defer cancel()
	err := use(bounded)
	// That all connections are in use is no failure of the cache.
	if err != nil && !errors.Is(err, redis.Nil) && !errors.Is(err, redis.ErrPoolTimeout) && ctx.Err() == nil {
		c.pausedUntil.Store(time.Now().Add(cachePause).UnixNano())
	}
	return err
}
