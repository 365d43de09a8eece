package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"ecommerce-platform/tests/lab/load"
	"ecommerce-platform/tests/lab/platform"
)

const (
	namespace = "ecommerce"
	// clients ask at the same time, for so many seconds.
	clients    = 16
	askSeconds = 6
	// questions are asked one after the other where latency is all that matters.
	questions = 1000
)

// Names of the measurements.
const (
	pageNodePort    = "/ at the NodePort"
	pageService     = "/ at the Service"
	pageDirect      = "/ at the frontends themselves"
	dataKept        = "/data as the frontends keep it, at the NodePort"
	dataNodePort    = "/data from the cache, at the NodePort"
	dataService     = "/data from the cache, at the frontends' Service"
	dataDirect      = "/data from the cache, at the backends themselves"
	findNodePort    = "an order from the database, at the NodePort"
	findDirect      = "an order from the database, at the backends themselves"
	orderNodePort   = "orders at the NodePort"
	orderDirect     = "orders at the backends themselves"
	forwarded       = "/ at the lab's public address"
	frontendLatency = "frontend response"
	backendLatency  = "backend query"
	dnsLatency      = "DNS lookup"
	redisLatency    = "Redis query"
	postgresLatency = "PostgreSQL query"
)

// measureShop asks the shop from a pod on the frontends' node, and from this host, as a client does: how many requests it answers
// and how fast, beside its pods asked directly, and how fast its names, caches and database answer. Answers are by name.
func measureShop(ctx context.Context, lab *platform.Lab) (found map[string]load.Answer, err error) {
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
	busy := func(name, kind string, targets ...string) load.Probe {
		return load.Probe{Name: name, Kind: kind, Targets: targets, Clients: clients, Seconds: askSeconds}
	}
	quiet := func(name, target string) load.Probe {
		return load.Probe{Name: name, Kind: load.HTTP, Targets: []string{target}, Clients: 1, Count: questions}
	}
	direct := func(name, kind, tier string, port int, path string) load.Probe {
		urls, failed := c.pods(ctx, tier, port, path)
		err = errors.Join(err, failed)
		return busy(name, kind, urls...)
	}
	page, data := direct(pageDirect, load.HTTP, "frontend", 80, "/"), direct(dataDirect, load.Anew, "backend", 8080, "/data")
	find, order := direct(findDirect, load.HTTP, "backend", 8080, placed), direct(orderDirect, load.Order, "backend", 8080, "/api/orders")
	if err != nil {
		return nil, err
	}
	found = map[string]load.Answer{}
	for _, p := range []load.Probe{busy(forwarded, load.HTTP, public+"/"), quiet(frontendLatency, url+"/")} {
		if found[p.Name], err = p.Run(ctx); err != nil {
			return nil, err
		}
	}
	answers, err := c.ask(ctx, []load.Probe{
		page, busy(pageService, load.HTTP, "http://frontend/"), busy(pageNodePort, load.HTTP, url+"/"),
		data, busy(dataService, load.Anew, "http://frontend/data"), busy(dataNodePort, load.Anew, url+"/data"),
		busy(dataKept, load.HTTP, url+"/data"),
		find, busy(findNodePort, load.HTTP, url+placed),
		order, busy(orderNodePort, load.Order, url+"/api/orders"),
		quiet(backendLatency, "http://backend:8080/data"),
		{Name: dnsLatency, Kind: load.DNS, Targets: []string{"10.96.0.10:53"}, Question: "backend." + namespace + ".svc.cluster.local.", Count: questions},
		{Name: redisLatency, Kind: load.Redis, Targets: []string{"redis:6379"}, Count: questions},
		{Name: postgresLatency, Kind: load.Postgres, Targets: []string{"postgres:5432"}, Password: lab.Secrets.DatabasePassword, Count: questions},
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
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/api/orders", strings.NewReader(load.OneOrder))
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
