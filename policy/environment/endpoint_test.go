package environment

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestEndpointsInVariables(t *testing.T) {
	for _, c := range []struct {
		what, name, value string
		want              []Endpoint
	}{
		{"a Service of the pod's namespace", "BACKEND_URL", "http://backend:8080/data", []Endpoint{{"backend", "shop", 8080}}},
		{"the scheme's port", "BACKEND_URL", "http://backend", []Endpoint{{"backend", "shop", 80}}},
		{"another namespace of the stack", "BACKEND_URL", "http://backend.data:80", []Endpoint{{"backend", "data", 80}}},
		{"a namespace the stack does not declare", "BACKEND_URL", "http://backend.example:80", nil},
		{"svc says it is a Service", "BACKEND_URL", "http://backend.other.svc:80", []Endpoint{{"backend", "other", 80}}},
		{"the full name", "DB", "postgres://u@db.data.svc.cluster.local/x", []Endpoint{{"db", "data", 5432}}},
		{"a name of the internet", "API_URL", "https://api.example.com/v1", nil},
		{"an address", "API_URL", "http://10.0.0.1:80", nil},
		{"an IPv6 address", "API_URL", "http://[fd00::1]:80", nil},
		{"the pod itself", "API_URL", "http://localhost:80", nil},
		{"an address without a scheme", "REDIS_ADDR", "redis:6379", []Endpoint{{"redis", "shop", 6379}}},
		{"a host alone", "DB_HOST", "postgres", []Endpoint{{"postgres", "shop", 0}}},
		{"a service link", "BACKEND_URL", "http://$(SHOP_BACKEND_SERVICE_HOST):8080", []Endpoint{{"shop-backend", "shop", 8080}}},
		{"libpq's host", "PGHOST", "postgres", []Endpoint{{"postgres", "shop", 0}}},
		{"several", "REDIS_HOSTS", "redis:6379,cache:6379", []Endpoint{{"redis", "shop", 6379}, {"cache", "shop", 6379}}},
		{"a value that is no address", "NGINX_ENVSUBST_FILTER", "^(BACKEND|SITE)_", nil},
		{"a path", "CONFIG_SERVER", "/etc/server", nil},
		{"a scheme without a known port", "QUEUE", "stomp://queue/x", []Endpoint{{"queue", "shop", 0}}},
	} {
		assert.Equal(t, c.want, endpointsIn(c.name, c.value, "shop", []string{"shop", "data"}), c.what)
	}
}
