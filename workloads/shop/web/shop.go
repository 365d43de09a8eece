// Package web is the shop over HTTP.
package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"ecommerce-platform/workloads/shop/catalogue"
	"ecommerce-platform/workloads/shop/meter"
	"ecommerce-platform/workloads/shop/order"
)

// Catalogue is what the shop sells.
type Catalogue interface {
	List(ctx context.Context) (catalogue.Answer[[]catalogue.Product], error)
	Item(ctx context.Context, id string) (catalogue.Answer[catalogue.Product], error)
}

// Orders are what customers bought.
type Orders interface {
	Place(ctx context.Context, request order.Request) (order.Order, bool, error)
	Find(ctx context.Context, id string) (order.Order, error)
}

// Server says who answers: the pod, the node it is on, and its address.
type Server struct {
	Tier    string `json:"tier"`
	Pod     string `json:"pod"`
	Node    string `json:"node"`
	Address string `json:"address"`
}

// Shop is all that the handlers need.
type Shop struct {
	Catalogue Catalogue
	Orders    Orders
	Server    Server
	Meter     *meter.Meter
	Log       *slog.Logger
	// Most is how many requests are worked on at a time; further ones are told to come again.
	Most int
}

// patience is how long one request may take. The frontend waits for ten seconds.
const patience = 5 * time.Second

// Handler answers the shop's requests.
func (s *Shop) Handler() http.Handler {
	mux := http.NewServeMux()
	// Alive and ready need nothing but this process: a database that is away is not mended by a restart, and what is cached is
	// served without it.
	mux.HandleFunc("GET /healthz", healthy)
	mux.HandleFunc("GET /readyz", healthy)
	mux.HandleFunc("GET /{$}", s.index)
	slots := make(chan struct{}, s.Most)
	for pattern, handler := range map[string]http.HandlerFunc{
		"GET /data":              s.list, // the path that the architecture draws
		"GET /api/products":      s.list,
		"GET /api/products/{id}": s.item,
		"POST /api/orders":       s.place,
		"GET /api/orders/{id}":   s.find,
		"/":                      func(w http.ResponseWriter, r *http.Request) { s.fail(w, r, errNothing) },
	} {
		mux.Handle(pattern, shed(slots, bounded(handler)))
	}
	return s.identify(mux)
}

// bounded gives a request its deadline, which every call that it makes inherits.
func bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// errNothing says that no handler is for this method and path.
var errNothing = errors.New("there is nothing here")

func healthy(w http.ResponseWriter, r *http.Request) {
	write(w, r, http.StatusOK, map[string]string{"status": "ok"})
}

// index says who is there.
func (s *Shop) index(w http.ResponseWriter, r *http.Request) { write(w, r, http.StatusOK, s.head(r)) }
