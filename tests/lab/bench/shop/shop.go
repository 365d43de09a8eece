// Package shop measures a running platform: how many requests it answers and how fast, beside its pods asked
// directly, and how fast its names, caches and database answer.
package shop

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"ecommerce-platform/tests/lab/bench/shop/probe"
	"ecommerce-platform/tests/lab/platform"
)

const (
	namespace = "ecommerce"
	// Clients ask at the same time, for so many seconds.
	Clients = 16
	seconds = 6
	// Questions are asked one after the other where latency is all that matters.
	Questions = 1000
)

// Names of the measurements.
const (
	PageNodePort    = "/ at the NodePort"
	PageService     = "/ at the Service"
	PageDirect      = "/ at the frontends themselves"
	DataKept        = "/data as the frontends keep it, at the NodePort"
	DataNodePort    = "/data from the cache, at the NodePort"
	DataService     = "/data from the cache, at the frontends' Service"
	DataDirect      = "/data from the cache, at the backends themselves"
	FindNodePort    = "an order from the database, at the NodePort"
	FindDirect      = "an order from the database, at the backends themselves"
	OrderNodePort   = "orders at the NodePort"
	OrderDirect     = "orders at the backends themselves"
	Forwarded       = "/ at the lab's public address"
	FrontendLatency = "frontend response"
	BackendLatency  = "backend query"
	DNSLatency      = "DNS lookup"
	RedisLatency    = "Redis query"
	PostgresLatency = "PostgreSQL query"
)

// Measure asks the shop from a pod on the frontends' node, and from this host, as a client does. Answers are by name.
func Measure(ctx context.Context, lab *platform.Lab) (found map[string]probe.Answer, err error) {
	outputs, err := lab.Stack.Outputs(ctx)
	if err != nil {
		return nil, err
	}
	public, _ := outputs["frontendUrl"].(string)
	if public == "" {
		return nil, errors.New("output frontendUrl: empty")
	}
	// Not through the forwarder of the lab's public addresses, which is no part of the platform.
	url := "http://" + lab.Addresses["worker-node-1"] + public[strings.LastIndex(public, ":"):]
	c := &client{lab: lab}
	if err := c.start(ctx); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.stop(context.WithoutCancel(ctx))) }()
	placed, err := placeOne(ctx, url)
	if err != nil {
		return nil, err
	}
	busy := func(name, kind string, targets ...string) probe.Probe {
		return probe.Probe{Name: name, Kind: kind, Targets: targets, Clients: Clients, Seconds: seconds}
	}
	quiet := func(name, target string) probe.Probe {
		return probe.Probe{Name: name, Kind: probe.HTTP, Targets: []string{target}, Clients: 1, Count: Questions}
	}
	direct := func(name, kind, tier string, port int, path string) probe.Probe {
		urls, failed := c.pods(ctx, tier, port, path)
		err = errors.Join(err, failed)
		return busy(name, kind, urls...)
	}
	page, data := direct(PageDirect, probe.HTTP, "frontend", 80, "/"), direct(DataDirect, probe.Anew, "backend", 8080, "/data")
	find, order := direct(FindDirect, probe.HTTP, "backend", 8080, placed), direct(OrderDirect, probe.Order, "backend", 8080, "/api/orders")
	if err != nil {
		return nil, err
	}
	found = map[string]probe.Answer{}
	for _, p := range []probe.Probe{busy(Forwarded, probe.HTTP, public+"/"), quiet(FrontendLatency, url+"/")} {
		if found[p.Name], err = p.Run(ctx); err != nil {
			return nil, err
		}
	}
	answers, err := c.ask(ctx, []probe.Probe{
		page, busy(PageService, probe.HTTP, "http://frontend/"), busy(PageNodePort, probe.HTTP, url+"/"),
		data, busy(DataService, probe.Anew, "http://frontend/data"), busy(DataNodePort, probe.Anew, url+"/data"),
		busy(DataKept, probe.HTTP, url+"/data"),
		find, busy(FindNodePort, probe.HTTP, url+placed),
		order, busy(OrderNodePort, probe.Order, url+"/api/orders"),
		quiet(BackendLatency, "http://backend:8080/data"),
		{Name: DNSLatency, Kind: probe.DNS, Targets: []string{"10.96.0.10:53"}, Question: "backend." + namespace + ".svc.cluster.local.", Count: Questions},
		{Name: RedisLatency, Kind: probe.Redis, Targets: []string{"redis:6379"}, Count: Questions},
		{Name: PostgresLatency, Kind: probe.Postgres, Targets: []string{"postgres:5432"}, Password: lab.Secrets.DatabasePassword, Count: Questions},
	})
	for _, answer := range answers {
		found[answer.Name] = answer
	}
	for _, answer := range found {
		if answer.Lost > 0 {
			err = errors.Join(err, fmt.Errorf("%s: %d requests lost", answer.Name, answer.Lost))
		}
	}
	return found, err
}

// placeOne places an order and returns the path under which it is found.
func placeOne(ctx context.Context, url string) (path string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/api/orders", strings.NewReader(probe.OneOrder))
	if err != nil {
		return "", err
	}
	request.Header.Set("Idempotency-Key", fmt.Sprintf("bench-%d", time.Now().UnixNano()))
	response, err := (&http.Client{Timeout: 20 * time.Second}).Do(request)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	if response.StatusCode != http.StatusCreated {
		return "", fmt.Errorf("an order: %s", response.Status)
	}
	return response.Header.Get("Location"), nil
}
