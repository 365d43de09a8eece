// The policy pack of the e-commerce platform. It registers rules; each theme of rules has a file of its own.
package main

import (
	"fmt"
	"os"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
)

var version = semver.MustParse("0.1.0")

// policies are all rules of the pack. There is none yet.
var policies []policyx.Policy

func main() {
	if err := policyx.Main(newPack); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func newPack(*pulumi.Context) (policyx.PolicyPack, error) {
	return policyx.NewPolicyPack("ecommerce-platform", version, policyx.EnforcementLevelMandatory, policies)
}
