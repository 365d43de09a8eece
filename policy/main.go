// The policy pack of the e-commerce platform: before anything is deployed it computes where pods will land, whether rollouts
// can finish, what a lost node costs, who reaches whom, and which rules are broken.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"ecommerce-platform/policy/model/snapshot"
	"ecommerce-platform/policy/picture"
	"ecommerce-platform/policy/review"
)

var version = semver.MustParse(review.Version)

// garbage is by how many percent the heap grows before it is collected. The process lives for one preview, in which time is dearer than memory.
const garbage = 400

func main() {
	debug.SetGCPercent(garbage)
	if err := policyx.Main(newPack); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func newPack(ctx *pulumi.Context) (policyx.PolicyPack, error) {
	once := &review.Once{
		Running: review.Running{File: os.Getenv(review.State), Kubeconfig: os.Getenv(review.Kubeconfig)},
		Keep:    snapshot.Save,
		Publish: func(r *review.Review, kept error) { publish(ctx, r, kept) },
	}
	return policyx.NewPolicyPack("ecommerce-platform", version, policyx.EnforcementLevelMandatory, review.Policies(once))
}

// publish shows the report in the preview, keeps it and its picture where the environment says, and warns of what could not be kept.
func publish(ctx *pulumi.Context, r *review.Review, kept error) {
	if err := errors.Join(r.Report.Save(), picture.Save(&r.Report), kept); err != nil {
		_ = ctx.Log.Warn(err.Error(), nil)
	}
	if err := ctx.Log.Info(r.Report.Text(), nil); err != nil {
		fmt.Fprintln(os.Stderr, r.Report.Text())
	}
}
