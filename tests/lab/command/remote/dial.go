package remote

import (
	"context"
	"fmt"
	"time"

	provider "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/retry"
	"golang.org/x/crypto/ssh"
)

// dial connects to the machine, as often as the connection's limit allows. Every failure is one more reason to dial again,
// that of a machine with another key included.
func (c *Connection) dial(ctx context.Context) (*ssh.Client, error) {
	config, err := c.client()
	if err != nil {
		return nil, err
	}
	done, client, err := retry.Until(ctx, retry.Acceptor{Accept: func(failed int, _ time.Duration) (bool, any, error) {
		// Neither ctx nor a timeout bounds the handshake: a server that accepts and says nothing is waited for without end.
		client, err := ssh.Dial("tcp", c.address(), config)
		switch {
		case err == nil:
			return true, client, nil
		case failed >= *c.DialErrorLimit:
			return true, nil, fmt.Errorf("after %d failed attempts: %w", failed, err)
		}
		provider.GetLogger(ctx).InfoStatusf("Dial %d/%d failed: retrying", failed+1, *c.DialErrorLimit)
		return false, nil, nil
	}})
	switch {
	case err != nil:
		return nil, err
	case !done:
		return nil, ctx.Err()
	default:
		return client.(*ssh.Client), nil
	}
}
