// Command pulumi-resource-kubernetes is the Kubernetes provider as published, with the main package that its
// Go module leaves out: upstream's embeds two generated files that only a release build has.
package main

import (
	"log"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
)

// version is stamped by the linker, without a leading v.
var version string

func main() {
	executable, err := os.Executable()
	if err != nil {
		log.Fatal(err)
	}
	// The schema lies beside the executable because the build may not write into its own source tree to embed it.
	schema, err := os.ReadFile(filepath.Join(filepath.Dir(executable), "schema.json"))
	if err != nil {
		log.Fatal(err)
	}
	provider.Serve("kubernetes", version, schema, []byte("{}"))
}
