// The policy pack of the e-commerce platform: before anything is deployed it tells where pods will land, whether rollouts
// can finish, what a lost node costs, who reaches whom, and which rules are broken.
package main

import (
	"fmt"
	"os"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"ecommerce-platform/policy/review"
)

var version = semver.MustParse("0.2.0")

func main() {
	if err := policyx.Main(newPack); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func newPack(ctx *pulumi.Context) (policyx.PolicyPack, error) {
	once := &review.Once{
		Running: review.Running{File: os.Getenv(review.State), Kubeconfig: os.Getenv(review.Kubeconfig)},
		Tell:    func(r *review.Review) { tell(ctx, r) },
	}
	return policyx.NewPolicyPack("ecommerce-platform", version, policyx.EnforcementLevelMandatory, review.Policies(once))
}

// tell shows the report in the preview and keeps it where the environment says.
func tell(ctx *pulumi.Context, r *review.Review) {
	if err := r.Report.Save(); err != nil {
		_ = ctx.Log.Warn(err.Error(), nil)
	}
	if err := ctx.Log.Info(r.Report.Text(), nil); err != nil {
		fmt.Fprintln(os.Stderr, r.Report.Text())
	}
}
