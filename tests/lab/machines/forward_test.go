package machines_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/machines"
)

const public = "127.31.254.1"

// TestForward follows one public address through the changes of the table.
func TestForward(t *testing.T) {
	// The machine reads to the end before it answers, so a half-closed connection must stay open the other way.
	machine, err := net.Listen("tcp", "127.31.254.2:0")
	require.NoError(t, err)
	defer machine.Close() //nolint:errcheck
	go func() {
		for {
			c, err := machine.Accept()
			if err != nil {
				return
			}
			go func() {
				text, _ := io.ReadAll(c)
				fmt.Fprintf(c, "got %s", text) //nolint:errcheck
				c.Close()                      //nolint:errcheck
			}()
		}
	}()
	port := machine.Addr().(*net.TCPAddr).Port
	dir := t.TempDir()
	publish := func(ports ...machines.Ports) {
		require.NoError(t, machines.WriteGateway(dir, machines.Gateway{Addresses: []machines.PublicAddress{
			{Public: public, Private: "127.31.254.2", Ports: ports}}}))
	}
	dial := func() (net.Conn, error) {
		return net.DialTimeout("tcp", net.JoinHostPort(public, strconv.Itoa(port)), time.Second)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- machines.Forward(ctx, filepath.Join(dir, "gateway")) }()

	_, err = dial()
	require.Error(t, err, "nothing is published yet")
	publish(machines.Ports{From: port, To: port})
	var connection net.Conn
	require.Eventually(t, func() bool { connection, err = dial(); return err == nil }, 10*time.Second, 50*time.Millisecond)

	publish()
	require.Eventually(t, func() bool { _, err := dial(); return err != nil }, 10*time.Second, 50*time.Millisecond, "a rule that is gone closes the port")

	_, err = connection.Write([]byte("hello"))
	require.NoError(t, err, "connections that were up stay up")
	require.NoError(t, connection.(*net.TCPConn).CloseWrite())
	require.NoError(t, connection.SetDeadline(time.Now().Add(10*time.Second)))
	answer, err := io.ReadAll(connection)
	require.NoError(t, err)
	assert.Equal(t, "got hello", string(answer))

	stop()
	assert.NoError(t, <-done)
}
