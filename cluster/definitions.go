package cluster

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/cluster/step"
)

// publicDefinitions is where CloudNativePG publishes the manifest of a version.
const publicDefinitions = "https://raw.githubusercontent.com/cloudnative-pg/cloudnative-pg/v%s/releases/cnpg-%[1]s.yaml"

func (a *Args) definitionsURL() string {
	if a.Mirrors.Manifests != "" {
		return fmt.Sprintf("%s/cloudnative-pg/v%s/cnpg-%[2]s.yaml", a.Mirrors.Manifests, a.CloudNativePGVersion)
	}
	return fmt.Sprintf(publicDefinitions, a.CloudNativePGVersion)
}

// installDefinitions gives the cluster the resource types of CloudNativePG, for who then makes objects of them. Nothing undoes that: with a
// type go all objects of it, and with those the data of databases.
func installDefinitions(args *Args, control *node) (*step.Done, error) {
	if args.CloudNativePGVersion == "" {
		return nil, nil
	}
	return control.Run(step.Step{
		Name: "definitions", Script: "definitions.sh", Limit: 1200, After: []*step.Done{control.joined},
		Settings: []step.Setting{
			step.Set("VERSION", pulumi.String(args.CloudNativePGVersion)),
			step.Set("MANIFEST_URL", pulumi.String(args.definitionsURL())),
			step.Set("MANIFEST_SHA256", pulumi.String(args.CloudNativePGManifestSHA256)),
		},
	})
}
