// Package plugin serves a plugin of the Pulumi engine, which starts it and reads its port from the first line.
package plugin

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"google.golang.org/grpc"
	"k8s.io/apimachinery/pkg/util/wait"
)

const (
	// look is how often a plugin looks whether its engine is still there.
	look = 2 * time.Second
	// grace is how long calls in progress may take to end once it is not.
	grace = 10 * time.Second
)

// Serve registers a plugin's services with the address of the engine, which is empty under a debugger, and serves until
// the engine is gone or the process is told to stop. Then stop is called and calls in progress come to their end.
func Serve(register func(server *grpc.Server, engine string) (stop func(), err error)) error {
	// The engine passes these to plugins of every kind.
	for _, name := range []string{"tracing", "binary", "buildTarget", "root"} {
		flag.String(name, "", "accepted and ignored")
	}
	flag.Parse()
	// Before the engine can know that the plugin is there, and end.
	engine := os.Getppid()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	var stop func()
	ended := make(chan bool)
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: ended,
		Init: func(server *grpc.Server) (err error) {
			stop, err = register(server, flag.Arg(0))
			return err
		},
		Options: rpcutil.TracingServerInterceptorOptions(nil),
	})
	if err != nil {
		return err
	}
	fmt.Println(handle.Port)
	go orphaned(ctx, engine, cancel)
	select {
	case err := <-handle.Done:
		return err
	case <-ctx.Done():
	}
	stop()
	close(ended)
	select {
	case err := <-handle.Done:
		return err
	case <-time.After(grace):
		return nil
	}
}

// orphaned calls gone when the process has another parent: an engine that is killed cannot say goodbye, and its plugins
// would stay for good.
func orphaned(ctx context.Context, parent int, gone func()) {
	if wait.PollUntilContextCancel(ctx, look, true, func(context.Context) (bool, error) { return os.Getppid() != parent, nil }) == nil {
		gone()
	}
}
