package step

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"golang.org/x/crypto/ssh"
)

const (
	// dialErrorLimit lets the provider dial for half a minute, and perDialTimeout (in seconds) for two where packets vanish.
	// What a machine needs beyond that to boot is waited for here.
	dialErrorLimit = 15
	perDialTimeout = 5
	// bootLimit is how long a machine may then take until it answers.
	bootLimit = 4 * time.Minute
	// rounds is how often the provider dials all of its times, at a machine that answers and then does not.
	rounds = 3
)

// watch looks at a machine where the command provider would not say, or not notice, what is wrong with it: the provider waits
// without end for a server that accepts connections and says nothing, and reports another host key after all of its dials,
// without an address or a fingerprint. It only looks: it asks for the host key and does not log in.
type watch struct {
	node string
	// pause is between two looks at a machine that boots.
	pause, bootLimit, silenceLimit time.Duration
}

func newWatch(node string) *watch {
	return &watch{node: node, pause: 2 * time.Second, bootLimit: bootLimit, silenceLimit: silenceLimit}
}

// hooks bind the watch to steps. Those that are taken back are not watched: a destroy runs without this program.
func (w *watch) hooks(ctx *pulumi.Context, prefix string) (*pulumi.ResourceHookBinding, error) {
	before, err := ctx.RegisterResourceHook(prefix+"-speaks", func(args *pulumi.ResourceHookArgs) error {
		at, err := peerOf(args.NewInputs)
		if err != nil {
			return err
		}
		return w.before(ctx.Context(), at)
	}, nil)
	if err != nil {
		return nil, err
	}
	after, err := ctx.RegisterErrorHook(prefix+"-answers", func(args *pulumi.ErrorHookArgs) (bool, error) {
		if args.FailedOperation == "delete" {
			return false, nil
		}
		at, err := peerOf(args.NewInputs)
		if err != nil {
			return false, err
		}
		return w.failed(ctx.Context(), at, args.Errors)
	})
	if err != nil {
		return nil, err
	}
	return &pulumi.ResourceHookBinding{
		BeforeCreate: []*pulumi.ResourceHook{before}, BeforeUpdate: []*pulumi.ResourceHook{before}, OnError: []*pulumi.ErrorHook{after},
	}, nil
}

// peer is where a command's connection leads, and the host key that it insists on.
type peer struct {
	address string
	pinned  ssh.PublicKey
}

func peerOf(inputs resource.PropertyMap) (peer, error) {
	connection := resource.FromResourcePropertyMap(inputs).Get("connection").AsMap()
	pinned, _, _, _, err := ssh.ParseAuthorizedKey([]byte(connection.Get("hostKey").AsString()))
	if err != nil {
		return peer{}, fmt.Errorf("connection.hostKey: %w", err)
	}
	return peer{net.JoinHostPort(connection.Get("host").AsString(), strconv.Itoa(int(connection.Get("port").AsNumber()))), pinned}, nil
}

// before stops a step that would never end. A machine that is not there yet, or another one, is the provider's to find.
func (w *watch) before(ctx context.Context, at peer) error {
	if err := w.look(ctx, at); errors.Is(err, errSilent) {
		return w.problem(at, err)
	}
	return nil
}

// failed decides what follows on a failed run: after one that never reached the machine, the machine's answer does.
func (w *watch) failed(ctx context.Context, at peer, failures []string) (again bool, err error) {
	// TestRecord of the lab's command provider holds these words.
	if !strings.Contains(failures[0], fmt.Sprintf("after %d failed attempts: ", dialErrorLimit)) {
		return false, nil
	}
	for start := time.Now(); ; {
		err := w.look(ctx, at)
		switch {
		case err == nil:
			return len(failures) < rounds, nil
		case !errors.Is(err, errAbsent) || time.Since(start) > w.bootLimit:
			return false, w.problem(at, err)
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-time.After(w.pause):
		}
	}
}

func (w *watch) problem(at peer, err error) error {
	return fmt.Errorf("node %s at %s: %w", w.node, at.address, err)
}
