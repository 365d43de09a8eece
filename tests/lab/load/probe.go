package load

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Kinds of probes.
const (
	HTTP     = "http"
	Anew     = "anew"  // HTTP, each time with a query that nobody has kept the answer to
	Order    = "order" // HTTP, an order each time
	DNS      = "dns"
	Redis    = "redis"
	Postgres = "postgres"
)

// Probe says what a server of the shop is asked, one request after the other or from many clients at once. It travels to the
// client program, which runs in the cluster.
type Probe struct {
	// Name comes back with the answer.
	Name string `json:"name"`
	Kind string `json:"kind"`
	// Targets are URLs for what goes over HTTP, asked in turn, and one host:port for the others.
	Targets []string `json:"targets"`
	// Question is the name that DNS looks up.
	Question string `json:"question,omitempty"`
	// Password is the database's.
	Password string `json:"password,omitempty"`
	// Clients ask at the same time, for so many Seconds. Over HTTP only.
	Clients int `json:"clients,omitempty"`
	Seconds int `json:"seconds,omitempty"`
	// Count is how many questions are asked, one after the other.
	Count int `json:"count,omitempty"`
}

// Answer is how the servers did.
type Answer struct {
	Name string `json:"name"`
	// Rate is answers per second.
	Rate     float64       `json:"rate"`
	P50, P99 time.Duration `json:",omitempty"`
	// Lost is how many requests got no answer, or a wrong one.
	Lost int `json:"lost"`
}

// Run asks.
func (p Probe) Run(ctx context.Context) (Answer, error) {
	if p.Kind == HTTP || p.Kind == Anew || p.Kind == Order {
		report, err := Measure(ctx, Options{Connections: Kept, Ask: p.ask()},
			Bounds{Clients: p.Clients, Requests: p.Count, Duration: time.Duration(p.Seconds) * time.Second})
		if err != nil {
			return Answer{}, fmt.Errorf("%s: %w", p.Name, err)
		}
		return Answer{Name: p.Name, Rate: report.Rate(), P50: report.P50, P99: report.P99, Lost: report.Lost}, nil
	}
	open := map[string]func(context.Context, Probe) (session, error){DNS: openDNS, Redis: openRedis, Postgres: openPostgres}[p.Kind]
	if open == nil {
		return Answer{}, fmt.Errorf("%s: kind %q: must be http, anew, order, dns, redis or postgres", p.Name, p.Kind)
	}
	answer, err := p.inTurn(ctx, open)
	if err != nil {
		return answer, fmt.Errorf("%s: %w", p.Name, err)
	}
	return answer, nil
}

// session is a connection on which one question can be asked again and again.
type session struct {
	ask  func(context.Context) error
	shut func() error
}

// warm is how many questions come before those that count.
const warm = 20

// inTurn asks one question after the other.
func (p Probe) inTurn(ctx context.Context, open func(context.Context, Probe) (session, error)) (answer Answer, err error) {
	if p.Count <= 0 {
		return Answer{}, errors.New("count 0: must be positive")
	}
	s, err := open(ctx, p)
	if err != nil {
		return Answer{}, err
	}
	defer func() { err = errors.Join(err, s.shut()) }()
	var took []time.Duration
	start := time.Now()
	for n := range warm + p.Count {
		if n == warm {
			start = time.Now()
		}
		asked := time.Now()
		if err := s.ask(ctx); err != nil {
			return Answer{}, err
		}
		if n >= warm {
			took = append(took, time.Since(asked))
		}
	}
	elapsed := time.Since(start)
	slices.Sort(took)
	return Answer{
		Name: p.Name, Rate: float64(p.Count) / elapsed.Seconds(),
		P50: took[(len(took)-1)/2], P99: took[(len(took)-1)*99/100],
	}, nil
}
