// Command capture is a policy pack without policies of its own: it writes what the engine tells it about a stack to the
// file that PLATFORM_CAPTURE names. The fixtures in model/modeltest/captured come from it.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/snapshot"
)

func main() {
	if err := policyx.Main(newPack); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func newPack(*pulumi.Context) (policyx.PolicyPack, error) {
	observer := &model.Observer{}
	return policyx.NewPolicyPack("capture", semver.MustParse("0.1.0"), policyx.EnforcementLevelAdvisory, []policyx.Policy{
		policyx.NewResourceValidationPolicy("observe", policyx.ResourceValidationPolicyArgs{
			Description:      "Remembers inputs",
			EnforcementLevel: policyx.EnforcementLevelAdvisory,
			ValidateResource: observer.Observe,
		}),
		policyx.NewStackValidationPolicy("capture", policyx.StackValidationPolicyArgs{
			Description:      "Writes what the engine tells of a stack",
			EnforcementLevel: policyx.EnforcementLevelAdvisory,
			ValidateStack: func(_ context.Context, args policyx.StackValidationArgs) error {
				return write(observer.Complete(args.Resources))
			},
		}),
	})
}

func write(resources []policyx.AnalyzerResource) error {
	path := os.Getenv("PLATFORM_CAPTURE")
	if path == "" {
		return fmt.Errorf("PLATFORM_CAPTURE %q: must name the file to write", path)
	}
	body, err := snapshot.Encode(resources)
	if err != nil {
		return err
	}
	return os.WriteFile(path, body, 0o600)
}
