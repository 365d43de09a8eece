// Command shop is the backend of the shop: the catalogue and the orders, over HTTP.
package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"ecommerce-platform/workloads/shop/catalogue"
	"ecommerce-platform/workloads/shop/database"
	"ecommerce-platform/workloads/shop/meter"
	"ecommerce-platform/workloads/shop/order"
	"ecommerce-platform/workloads/shop/web"
)

const (
	// keep is how long an answer that is no longer the truth is served while the database is away.
	keep = 10 * time.Minute
	// farewell is how long open requests may take when the program is told to end.
	farewell = 10 * time.Second
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, log, os.Getenv)
	stop()
	if err != nil {
		log.Error("the shop ends", "error", err)
		os.Exit(1)
	}
}

// run serves until ctx ends, and then what it has begun.
func run(ctx context.Context, log *slog.Logger, getenv func(string) string) error {
	c, err := configure(getenv)
	if err != nil {
		return err
	}
	pool, err := database.Open(ctx, "")
	if err != nil {
		return err
	}
	defer pool.Close()
	cache, err := catalogue.OpenCache(c.redisURL)
	if err != nil {
		return err
	}
	defer func() { _ = cache.Close() }()

	schema := database.NewSchema(pool, log)
	kept := make(chan struct{})
	keeping, enough := context.WithCancel(ctx)
	go func() { defer close(kept); schema.Keep(keeping) }()
	defer func() { enough(); <-kept }()

	counts := meter.New(pool)
	shop := &web.Shop{
		Catalogue: catalogue.New(pool, cache, schema, counts, catalogue.Settings{Lifetime: c.lifetime, Keep: keep}),
		Orders:    order.NewBook(pool, schema),
		Server:    c.server,
		Meter:     counts,
		Log:       log,
		Most:      c.most,
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return serve(ctx, log, "the shop is open", c.listen, shop.Handler()) })
	if c.metrics != "" {
		// Not on the shop's port, which the frontend hands requests on to.
		group.Go(func() error { return serve(ctx, log, "the shop tells its metrics", c.metrics, counts.Handler()) })
	}
	return group.Wait()
}

func serve(ctx context.Context, log *slog.Logger, opened, address string, handler http.Handler) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      15 * time.Second,
		IdleTimeout:       90 * time.Second, // longer than a proxy keeps a connection: who closes first loses no request
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	log.Info(opened, "address", listener.Addr().String())
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	if err := server.Shutdown(ending); err != nil {
		return errors.Join(err, server.Close())
	}
	return nil
}
