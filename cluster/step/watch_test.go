package step

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
)

// What a machine answers is shown with the real engine, in tests/lab/engine.
func TestWatchOfAMachineThatIsNotThere(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, free.Close())
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"))
	require.NoError(t, err)
	at := peer{free.Addr().String(), key}
	impatient := newWatch("node-1")
	impatient.bootLimit = 0
	const dialled = "after 15 failed attempts: dial tcp: connection refused"

	t.Run("the provider's dials come first", func(t *testing.T) {
		assert.NoError(t, impatient.before(t.Context(), at))
	})
	t.Run("the wait for its boot is bounded", func(t *testing.T) {
		_, err := impatient.failed(t.Context(), at, []string{dialled})
		require.ErrorContains(t, err, "node node-1 at "+at.address+": no SSH: is the machine running, and does adminCidrs hold this computer's address?")
		assert.ErrorContains(t, err, "connection refused")
	})
	t.Run("a cancelled update ends the wait", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := newWatch("node-1").failed(ctx, at, []string{dialled})
		assert.ErrorIs(t, err, context.Canceled)
	})
	t.Run("a script that failed is not asked again", func(t *testing.T) {
		again, err := impatient.failed(t.Context(), at, []string{"Process exited with status 1: running init.sh"})
		require.NoError(t, err)
		assert.False(t, again)
	})
}
