// Command pulumi-resource-aws is the resource provider plugin of the digital twin of EC2. As `pulumi-resource-aws gateway
// DIR` it is the program that answers on the twin's public addresses.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"

	"ecommerce-platform/tests/lab/engine/plugin"
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
	if len(args) == 2 && args[0] == "gateway" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		return machines.Forward(ctx, args[1])
	}
	provider, err := twin.FromEnvironment()
	if err != nil {
		return err
	}
	return plugin.Serve(func(server *grpc.Server, _ string) (func(), error) {
		pulumirpc.RegisterResourceProviderServer(server, provider)
		return func() {}, nil
	})
}
