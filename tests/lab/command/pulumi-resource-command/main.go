// Command pulumi-resource-command is the plugin that the Pulumi engine starts.
package main

import (
	"context"
	"fmt"
	"os"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"

	"ecommerce-platform/tests/lab/command/remote"
	"ecommerce-platform/tests/lab/engine/plugin"
)

func main() {
	err := plugin.Serve(func(server *grpc.Server, engine string) (func(), error) {
		provider, err := remote.New(engine)
		if err != nil {
			return nil, err
		}
		pulumirpc.RegisterResourceProviderServer(server, provider)
		return func() { _, _ = provider.Cancel(context.Background(), &emptypb.Empty{}) }, nil
	})
	if err != nil {
		fmt.Fprintf(os.Stderr, "pulumi-resource-command: %v\n", err)
		os.Exit(1)
	}
}
