package step

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/crypto/ssh"
)

const (
	// silenceLimit bounds the wait for a server's word, and silences is how many such waits make a machine that has none.
	silenceLimit = 20 * time.Second
	silences     = 3
)

var (
	// errAbsent is a machine that does not answer, as one that boots.
	errAbsent = errors.New("no SSH: is the machine running, and does adminCidrs hold this computer's address?")
	errSilent = errors.New("accepts connections and says nothing, as a machine does that is out of memory: " +
		"reboot it, then run `pulumi up` again")
	errOther = errors.New("another machine answers there, or this one did not get its key from this stack's user data and keySeed")
	// errConnected is what goes wrong after the connection, and errSeen is nothing wrong.
	errConnected = errors.New("connected")
	errSeen      = errors.New("seen")
)

// look asks for the host key at an address. The pinned one is no error.
func (w *watch) look(ctx context.Context, at peer) error {
	for n := 1; ; n++ {
		shown, err := w.hostKey(ctx, at)
		var timeout net.Error
		switch {
		case shown != nil && bytes.Equal(shown.Marshal(), at.pinned.Marshal()):
			return nil
		case shown != nil:
			return fmt.Errorf("host key %s is not the pinned %s: %w", ssh.FingerprintSHA256(shown), ssh.FingerprintSHA256(at.pinned), errOther)
		case !errors.Is(err, errConnected) || !errors.As(err, &timeout) || !timeout.Timeout():
			return fmt.Errorf("%w (%w)", errAbsent, err)
		case n == silences:
			return fmt.Errorf("%w (%w)", errSilent, err)
		}
	}
}

// hostKey is the key that the server shows, of the pinned key's kind where it has one.
func (w *watch) hostKey(ctx context.Context, at peer) (shown ssh.PublicKey, err error) {
	dialer := net.Dialer{Timeout: perDialTimeout * time.Second}
	connection, err := dialer.DialContext(ctx, "tcp", at.address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = connection.Close() }()
	if err := connection.SetDeadline(time.Now().Add(w.silenceLimit)); err != nil {
		return nil, err
	}
	_, _, _, err = ssh.NewClientConn(connection, at.address, &ssh.ClientConfig{
		HostKeyAlgorithms: append([]string{at.pinned.Type()}, ssh.SupportedAlgorithms().HostKeys...),
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			shown = key
			return errSeen // before anything is sent that only the right machine may see
		},
	})
	return shown, fmt.Errorf("%w: %w", errConnected, err)
}
