// The policy pack of the e-commerce platform: before anything is deployed it computes where pods will land, whether rollouts
// can finish, what a lost node costs, who reaches whom, and which rules are broken.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"ecommerce-platform/policy/model/snapshot"
	"ecommerce-platform/policy/picture"
	"ecommerce-platform/policy/review"
)

var version = semver.MustParse(review.Version)

func main() {
	if err := policyx.Main(newPack); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func newPack(ctx *pulumi.Context) (policyx.PolicyPack, error) {
	once := &review.Once{
		Running: review.Running{File: os.Getenv(review.State), Kubeconfig: os.Getenv(review.Kubeconfig)},
		Publish: func(resources []policyx.AnalyzerResource, r *review.Review) { publish(ctx, resources, r) },
	}
	return policyx.NewPolicyPack("ecommerce-platform", version, policyx.EnforcementLevelMandatory, review.Policies(once))
}

// publish shows the report in the preview, and keeps it, its picture and the resources where the environment says.
func publish(ctx *pulumi.Context, resources []policyx.AnalyzerResource, r *review.Review) {
	if err := errors.Join(r.Report.Save(), picture.Save(&r.Report), snapshot.Save(resources)); err != nil {
		_ = ctx.Log.Warn(err.Error(), nil)
	}
	if err := ctx.Log.Info(r.Report.Text(), nil); err != nil {
		fmt.Fprintln(os.Stderr, r.Report.Text())
	}
}
