package main

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"ecommerce-platform/workloads/shop/web"
)

// config is what the environment says. PostgreSQL's own variables, PGHOST and its kin, are read by its client.
type config struct {
	listen   string
	metrics  string // empty for none
	redisURL string
	lifetime time.Duration
	most     int
	server   web.Server
}

// configure reads the environment and reports all that is wrong with it.
func configure(getenv func(string) string) (config, error) {
	var problems []error
	number := func(name, unset string, least, most int) int {
		text := getenv(name)
		if text == "" {
			text = unset
		}
		value, err := strconv.Atoi(text)
		if err != nil || value < least || value > most {
			problems = append(problems, fmt.Errorf("%s %q: must be a number between %d and %d", name, text, least, most))
		}
		return value
	}
	required := func(name string) string {
		text := getenv(name)
		if text == "" {
			problems = append(problems, fmt.Errorf("%s <unset>: required", name))
		}
		return text
	}
	required("PGHOST")
	port, metrics := number("PORT", "8080", 1, 65535), number("METRICS_PORT", "9090", 0, 65535)
	c := config{
		listen:   net.JoinHostPort("", strconv.Itoa(port)),
		redisURL: required("REDIS_URL"),
		lifetime: time.Duration(number("CATALOGUE_SECONDS", "10", 1, 3600)) * time.Second,
		most:     number("MAX_REQUESTS", "128", 1, 100000),
		server: web.Server{
			Tier: "backend", Pod: getenv("POD_NAME"), Node: getenv("NODE_NAME"), Address: getenv("POD_IP"),
		},
	}
	switch metrics {
	case 0:
	case port:
		problems = append(problems, fmt.Errorf("METRICS_PORT %d: must be another one than PORT", metrics))
	default:
		c.metrics = net.JoinHostPort("", strconv.Itoa(metrics))
	}
	return c, errors.Join(problems...)
}
