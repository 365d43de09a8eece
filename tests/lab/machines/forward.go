package machines

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

const (
	// watchEvery is how often the table is looked at.
	watchEvery = 300 * time.Millisecond
	// maxPorts bounds what is listened on per address: a rule for every port is meant for machines, not for people.
	maxPorts = 4096
	// dialTimeout bounds the wait for a machine. A connection that is up has no time limit: SSH and watches stay silent for long.
	dialTimeout = 10 * time.Second
)

// forwarder keeps a listener for each public port in the table.
type forwarder struct {
	listeners map[string]*listener // by public address and port
}

type listener struct {
	net.Listener
	target string
}

// Forward answers on the public addresses of the table in dir, and follows its changes, until ctx ends.
func Forward(ctx context.Context, dir string) error {
	f := &forwarder{listeners: map[string]*listener{}}
	defer f.adopt(ctx, Gateway{})
	path := filepath.Join(dir, "gateway.json")
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	seen := ""
	for {
		data, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("gateway: %w", err)
		}
		var table Gateway
		if string(data) != seen && len(data) > 0 {
			if err := json.Unmarshal(data, &table); err != nil {
				return fmt.Errorf("gateway %s: %w", path, err)
			}
			if f.adopt(ctx, table) {
				seen = string(data)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// adopt opens and closes listeners until they are those of the table, and says whether all could be opened.
// Connections that are up stay up, as they do when a security group changes.
func (f *forwarder) adopt(ctx context.Context, table Gateway) bool {
	wanted := map[string]string{}
	for _, a := range table.Addresses {
		n := 0
		for _, ports := range a.Ports {
			for port := max(ports.From, 1); port <= ports.To && n < maxPorts; port++ {
				p := strconv.Itoa(port)
				wanted[net.JoinHostPort(a.Public, p)] = net.JoinHostPort(a.Private, p)
				n++
			}
		}
		if n == maxPorts {
			slog.Warn("not every port is forwarded", "address", a.Public, "forwarded", maxPorts)
		}
	}
	for public, l := range f.listeners {
		if wanted[public] != l.target {
			l.Close() //nolint:errcheck // it accepts nothing any more
			delete(f.listeners, public)
		}
	}
	complete := true
	for public, target := range wanted {
		if f.listeners[public] != nil {
			continue
		}
		socket, err := net.Listen("tcp", public)
		if err != nil {
			slog.Error("cannot listen", "address", public, "error", err)
			complete = false
			continue
		}
		l := &listener{socket, target}
		f.listeners[public] = l
		go l.serve(ctx)
	}
	return complete
}

func (l *listener) serve(ctx context.Context) {
	for {
		client, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			slog.Warn("cannot accept", "address", l.Addr(), "error", err)
			// Out of file descriptors: accepting at once would only spin.
			select {
			case <-ctx.Done():
				return
			case <-time.After(watchEvery):
			}
			continue
		}
		go pass(client.(*net.TCPConn), l.target)
	}
}

// pass carries bytes both ways. The end of one direction is passed on and leaves the other open.
func pass(client *net.TCPConn, target string) {
	defer client.Close() //nolint:errcheck // nothing is left to lose
	connection, err := net.DialTimeout("tcp", target, dialTimeout)
	if err != nil {
		client.SetLinger(0) //nolint:errcheck // refused there, so reset here
		return
	}
	server := connection.(*net.TCPConn)
	defer server.Close() //nolint:errcheck // nothing is left to lose
	var both sync.WaitGroup
	half := func(to, from *net.TCPConn) {
		if _, err := io.Copy(to, from); err != nil {
			to.SetLinger(0) //nolint:errcheck // a broken stream must not look like a finished one
			to.Close()      //nolint:errcheck
			from.Close()    //nolint:errcheck
			return
		}
		to.CloseWrite() //nolint:errcheck // the peer may be gone
	}
	both.Go(func() { half(server, client) })
	both.Go(func() { half(client, server) })
	both.Wait()
}
