// Pulumi-resource-aws is the resource provider plugin of the digital twin of EC2. As `pulumi-resource-aws gateway
// DIR` it is the program that answers on the twin's public addresses.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"

	"ecommerce-platform/tests/lab/machines"
	"ecommerce-platform/tests/lab/twin"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-resource-aws:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(args) == 2 && args[0] == "gateway" {
		return machines.Forward(ctx, args[1])
	}
	provider, err := twin.FromEnvironment()
	if err != nil {
		return err
	}
	done := make(chan bool)
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: done,
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterResourceProviderServer(server, provider)
			return nil
		},
	})
	if err != nil {
		return err
	}
	if len(args) > 0 { // the engine's address: leave when it is gone
		watched, cancel := context.WithCancel(ctx)
		defer cancel()
		if err := rpcutil.Healthcheck(watched, args[0], time.Minute, stop); err != nil {
			return err
		}
	}
	fmt.Println(handle.Port)
	go func() {
		<-ctx.Done()
		close(done)
	}()
	return <-handle.Done
}
