// Package shop measures a running platform: how many requests it answers and how fast, beside the same nginx asked
// directly, and how fast its names, caches and database answer.
package shop

import (
	"context"
	"errors"
	"fmt"
	"strings"

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
	PageDirect      = "/ at one frontend's nginx"
	DataNodePort    = "/data at the NodePort"
	DataService     = "/data at the frontends' Service"
	DataDirect      = "/data at one backend's nginx"
	FrontendLatency = "frontend response"
	BackendLatency  = "backend query"
	DNSLatency      = "DNS lookup"
	RedisLatency    = "Redis query"
	PostgresLatency = "PostgreSQL query"
)

// Measure asks the shop from this host, as a client does, and from a pod on the frontends' node. Answers are by name.
func Measure(ctx context.Context, lab *platform.Lab) (found map[string]probe.Answer, err error) {
	outputs, err := lab.Stack.Outputs(ctx)
	if err != nil {
		return nil, err
	}
	url, _ := outputs["frontendUrl"].(string)
	if url == "" {
		return nil, errors.New("output frontendUrl: empty")
	}
	// Not through the forwarder of the lab's public addresses, which is no part of the platform.
	url = "http://" + lab.Addresses["worker-node-1"] + url[strings.LastIndex(url, ":"):]
	c := &client{lab: lab}
	if err := c.start(ctx); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.stop(context.WithoutCancel(ctx))) }()
	frontend, err := c.podAddress(ctx, "frontend")
	if err != nil {
		return nil, err
	}
	backend, err := c.podAddress(ctx, "backend")
	if err != nil {
		return nil, err
	}
	busy := func(name, target string) probe.Probe {
		return probe.Probe{Name: name, Kind: probe.HTTP, Target: target, Clients: Clients, Seconds: seconds}
	}
	quiet := func(name, target string) probe.Probe {
		return probe.Probe{Name: name, Kind: probe.HTTP, Target: target, Clients: 1, Count: Questions}
	}
	found = map[string]probe.Answer{}
	for _, p := range []probe.Probe{busy(PageNodePort, url+"/"), busy(DataNodePort, url+"/data"), quiet(FrontendLatency, url+"/")} {
		if found[p.Name], err = p.Run(ctx); err != nil {
			return nil, err
		}
	}
	answers, err := c.ask(ctx, []probe.Probe{
		busy(PageService, "http://frontend/"), busy(PageDirect, "http://"+frontend+"/"),
		busy(DataService, "http://frontend/data"), busy(DataDirect, "http://"+backend+":8080/data"),
		quiet(BackendLatency, "http://backend:8080/data"),
		{Name: DNSLatency, Kind: probe.DNS, Target: "10.96.0.10:53", Question: "backend." + namespace + ".svc.cluster.local.", Count: Questions},
		{Name: RedisLatency, Kind: probe.Redis, Target: "redis:6379", Count: Questions},
		{Name: PostgresLatency, Kind: probe.Postgres, Target: "postgres:5432", Password: lab.Secrets.DatabasePassword, Count: Questions},
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
