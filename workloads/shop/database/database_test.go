package database

import (
	"context"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/workloads/shop/servers"
)

// A server that has much to do needs longer for a connection than a request has. The next request finds the connection.
func TestAConnectionIsMadeThoughItTakesLong(t *testing.T) {
	busy := holdConnections(t, servers.StartPostgres(t).Addr())
	pool, err := Open(t.Context(), "postgres://shop:shop@"+busy.Addr().String()+"/shop?sslmode=disable")
	require.NoError(t, err)
	t.Cleanup(pool.Close)

	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	require.True(t, IsAway(pool.Ping(ctx)), "nobody waits for so long")
	close(busy.holds)
	require.Eventually(t, func() bool { return pool.Stat().IdleConns() == 1 }, connecting, 10*time.Millisecond)
	require.NoError(t, pool.Ping(t.Context()))
	assert.EqualValues(t, 1, busy.made.Load(), "the connection is the one that nobody waited for")
}

// held takes connections to a server, and lets nothing through while it holds them.
type held struct {
	net.Listener
	holds chan struct{}
	made  atomic.Int32
}

func holdConnections(t *testing.T, server string) *held {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	h := &held{Listener: listener, holds: make(chan struct{})}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			h.made.Add(1)
			go h.pass(client, server)
		}
	}()
	return h
}

func (h *held) pass(client net.Conn, server string) {
	defer func() { _ = client.Close() }()
	<-h.holds
	upstream, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", server)
	if err != nil {
		return
	}
	defer func() { _ = upstream.Close() }()
	go func() { _, _ = io.Copy(upstream, client) }()
	_, _ = io.Copy(client, upstream)
}
