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

	"ecommerce-platform/workloads/shop/catalogue"
	"ecommerce-platform/workloads/shop/database"
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

	shop := &web.Shop{
		Catalogue: catalogue.New(pool, cache, schema, catalogue.Settings{Lifetime: c.lifetime, Keep: keep}),
		Orders:    order.NewBook(pool, schema),
		Server:    c.server,
		Log:       log,
		Most:      c.most,
	}
	return serve(ctx, log, c.listen, shop.Handler())
}

func serve(ctx context.Context, log *slog.Logger, address string, handler http.Handler) error {
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
	log.Info("the shop is open", "address", listener.Addr().String())
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
