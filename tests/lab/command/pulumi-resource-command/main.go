// Command pulumi-resource-command is the plugin that the Pulumi engine starts.
package main

import (
	"fmt"
	"os"

	sdkplugin "github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"

	"ecommerce-platform/tests/lab/command"
	"ecommerce-platform/tests/lab/engine/plugin"
)

func main() {
	err := plugin.Serve(func(server *grpc.Server, engine string) (func(), error) {
		provider, err := command.New(engine)
		if err != nil {
			return nil, err
		}
		pulumirpc.RegisterResourceProviderServer(server, sdkplugin.NewProviderServer(provider))
		return func() { _ = provider.Close() }, nil
	})
	if err != nil {
		fmt.Fprintf(os.Stderr, "pulumi-resource-command: %v\n", err)
		os.Exit(1)
	}
}
