package servers

import (
	"context"
	"strconv"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// Redis is a Redis server of the test's own.
type Redis struct{ *Server }

// StartRedis starts an empty server that keeps nothing on disk.
func StartRedis(t *testing.T) Redis {
	t.Helper()
	path, err := program("redis-server", "/usr/bin")
	require.NoError(t, err)
	dir, port := directory(t), freePort(t)
	server := Redis{&Server{
		t: t, dir: dir, port: port, quit: syscall.SIGKILL,
		command: []string{path, "--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--dir", dir, "--save", "", "--appendonly", "no"},
	}}
	server.answers = func(ctx context.Context) error {
		client := redis.NewClient(&redis.Options{Addr: server.Addr()})
		defer func() { _ = client.Close() }()
		return client.Ping(ctx).Err()
	}
	server.Start()
	return server
}

// URL is that of the server's first database.
func (r Redis) URL() string { return "redis://" + r.Addr() + "/0" }
