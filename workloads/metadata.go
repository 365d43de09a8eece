package workloads

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// partOf is the value of app.kubernetes.io/part-of. Selectors hold it, so it never changes.
const partOf = "ecommerce-platform"

// annotations name who writes an object, or the provider would draw a name for each: the API server refuses to let one author
// change what another one set, so nobody could go on with an object that a killed run made and did not note in the state.
// For the same reason they take back what is declared here and somebody else changed, as `kubectl scale` does; fields that
// are not declared stay as they are.
// https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/
func annotations() pulumi.StringMap {
	return pulumi.StringMap{
		"pulumi.com/patchFieldManager": pulumi.String(partOf),
		"pulumi.com/patchForce":        pulumi.String("true"),
	}
}

// unawaited are the annotations of an object that is as good as there once the API server has it.
func unawaited() pulumi.StringMap {
	all := annotations()
	all["pulumi.com/skipAwait"] = pulumi.String("true")
	return all
}

// platformLabels are the recommended labels of what belongs to no tier.
// https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
func platformLabels() pulumi.StringMap {
	return pulumi.StringMap{
		"app.kubernetes.io/part-of":    pulumi.String(partOf),
		"app.kubernetes.io/managed-by": pulumi.String("pulumi"),
	}
}
