package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/retry"
	"golang.org/x/crypto/ssh"

	"ecommerce-platform/tests/lab/command/task"
)

// dial connects to the machine, through the proxy if there is one, as often as the connection's limits allow.
func (c *Connection) dial(ctx context.Context, log task.Logger) (*ssh.Client, error) {
	tries := valueOr(c.DialErrorLimit, defaultDialErrorLimit)
	if c.Proxy == nil {
		return withRetry(ctx, log, "Dial", tries, func() (*ssh.Client, error) {
			conn, err := net.DialTimeout("tcp", c.address(), c.timeout())
			if err != nil {
				return nil, err
			}
			return c.handshake(conn)
		})
	}
	proxy, err := withRetry(ctx, log, "Dial proxy", valueOr(c.Proxy.DialErrorLimit, defaultDialErrorLimit),
		func() (*ssh.Client, error) {
			conn, err := net.DialTimeout("tcp", c.Proxy.address(), c.Proxy.timeout())
			if err != nil {
				return nil, err
			}
			return c.Proxy.handshake(conn)
		})
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	client, err := withRetry(ctx, log, "Dial from proxy", tries, func() (*ssh.Client, error) {
		conn, err := proxy.Dial("tcp", c.address())
		if err != nil {
			return nil, err
		}
		return c.handshake(conn)
	})
	if err != nil {
		_ = proxy.Close()
		return nil, fmt.Errorf("proxy: %w", err)
	}
	return client, nil
}

// hostKeyError is a server that shows another key than the pinned one. Waiting does not make it the right server.
type hostKeyError struct {
	address      string
	shown, known ssh.PublicKey
}

func (e *hostKeyError) Error() string {
	return fmt.Sprintf("%s: host key mismatch: the server shows %s %s, the connection's hostKey is %s %s", e.address,
		e.shown.Type(), ssh.FingerprintSHA256(e.shown), e.known.Type(), ssh.FingerprintSHA256(e.known))
}

// handshake logs in over conn and owns it.
func (e *Endpoint) handshake(conn net.Conn) (*ssh.Client, error) {
	client, err := e.login(conn)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return client, nil
}

func (e *Endpoint) login(conn net.Conn) (*ssh.Client, error) {
	auth, err := e.auth()
	if err != nil {
		return nil, &configError{err}
	}
	known, err := e.pinnedKey()
	if err != nil {
		return nil, &configError{err}
	}
	// The key is compared with what the server chooses to show: like the original, this does not ask for the pinned
	// key's algorithm, so a server that holds host keys of several kinds fails here as it would there.
	var mismatch *hostKeyError
	config := &ssh.ClientConfig{
		User:    e.user(),
		Auth:    auth,
		Timeout: e.timeout(),
		HostKeyCallback: func(_ string, _ net.Addr, shown ssh.PublicKey) error {
			if known == nil || bytes.Equal(known.Marshal(), shown.Marshal()) {
				return nil
			}
			mismatch = &hostKeyError{e.address(), shown, known}
			return mismatch
		},
	}
	if e.timeout() > 0 {
		// A server that accepts and then says nothing is as dead as one that does not accept. A channel of a proxy has no
		// deadline; the proxy's own dial bounds it.
		_ = conn.SetDeadline(time.Now().Add(e.timeout()))
	}
	sshConn, channels, requests, err := ssh.NewClientConn(conn, e.address(), config)
	if mismatch != nil {
		return nil, mismatch
	}
	if err != nil {
		return nil, err
	}
	_ = conn.SetDeadline(time.Time{})
	return ssh.NewClient(sshConn, channels, requests), nil
}

// configError is a field of the connection that no number of dials makes right.
type configError struct{ error }

func (e *configError) Unwrap() error { return e.error }

// withRetry calls dial until it succeeds, fails for good or has failed more than limit times.
func withRetry(
	ctx context.Context, log task.Logger, what string, limit int, dial func() (*ssh.Client, error),
) (*ssh.Client, error) {
	var client *ssh.Client
	done, _, err := retry.Until(ctx, retry.Acceptor{Accept: func(try int, _ time.Duration) (bool, any, error) {
		var err error
		client, err = dial()
		var wrongKey *hostKeyError
		var wrongField *configError
		switch {
		case err == nil:
			return true, nil, nil
		case errors.As(err, &wrongKey), errors.As(err, &wrongField):
			return true, nil, err
		}
		dials := try + 1
		shown := "inf"
		if limit > unlimitedDialErrors {
			if dials > limit {
				return true, nil, fmt.Errorf("after %d failed attempts: %w", try, err)
			}
			shown = strconv.Itoa(limit)
		}
		log.Status(fmt.Sprintf("%s %d/%s failed: retrying", what, dials, shown))
		return false, nil, nil
	}})
	if err == nil && !done {
		err = ctx.Err()
	}
	return client, err
}
