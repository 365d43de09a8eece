package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConfig(t *testing.T) {
	environment := map[string]string{"PGHOST": "postgres", "REDIS_URL": "redis://redis:6379/0", "POD_NAME": "backend-1"}
	c, err := configure(func(name string) string { return environment[name] })
	require.NoError(t, err)
	assert.Equal(t, ":8080", c.listen)
	assert.Equal(t, ":9090", c.metrics)
	assert.Equal(t, 10*time.Second, c.lifetime)
	assert.Equal(t, "backend-1", c.server.Pod)

	environment["METRICS_PORT"] = "0"
	c, err = configure(func(name string) string { return environment[name] })
	require.NoError(t, err)
	assert.Empty(t, c.metrics)
	environment["METRICS_PORT"] = "8080"
	_, err = configure(func(name string) string { return environment[name] })
	require.EqualError(t, err, "METRICS_PORT 8080: must be another one than PORT")

	wrong := map[string]string{"PORT": "http", "CATALOGUE_SECONDS": "0"}
	_, err = configure(func(name string) string { return wrong[name] })
	require.EqualError(t, err, `PGHOST <unset>: required
PORT "http": must be a number between 1 and 65535
REDIS_URL <unset>: required
CATALOGUE_SECONDS "0": must be a number between 1 and 3600`)
}
