// Command pulumi-language-go is the plugin that the Pulumi engine starts for programs with `runtime: go`.
package main

import (
	"fmt"
	"os"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"

	"ecommerce-platform/tests/lab/engine/plugin"
	"ecommerce-platform/tests/lab/languagehost"
)

func main() {
	err := plugin.Serve(func(server *grpc.Server, engine string) (func(), error) {
		host := languagehost.New(engine)
		pulumirpc.RegisterLanguageRuntimeServer(server, host)
		return host.Stop, nil
	})
	if err != nil {
		fmt.Fprintf(os.Stderr, "pulumi-language-go: %v\n", err)
		os.Exit(1)
	}
}
