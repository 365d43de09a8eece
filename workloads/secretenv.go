package workloads

import (
	"maps"
	"slices"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/workloads/digest"
)

// secretEnv makes the Secret that holds the variables' values, the only place that does, and returns the variables.
//
// Like a configMap it never changes, so that other values roll the pods. Its name tells nothing of the values: whoever
// guesses one needs the database's password to see whether he is right.
func (to *target) secretEnv(t *tier, values map[string]string) (corev1.EnvVarArray, error) {
	if len(values) == 0 {
		return nil, nil
	}
	password := to.args.DatabasePassword.ToStringOutput()
	name := pulumi.Unsecret(password.ApplyT(func(password string) string {
		return t.name + "-env-" + digest.Keyed(password, values)
	})).(pulumi.StringOutput)

	meta := t.meta(to, "")
	meta.Name = name
	secret, err := corev1.NewSecret(to.ctx, to.child(t.name+"-env"), &corev1.SecretArgs{
		Metadata:   meta,
		Type:       pulumi.String("Opaque"),
		StringData: pulumi.ToSecret(pulumi.ToStringMap(values)).(pulumi.StringMapOutput),
		Immutable:  pulumi.Bool(true),
	}, to.options()...)
	if err != nil {
		return nil, err
	}
	t.after = append(t.after, secret)
	variables := corev1.EnvVarArray{}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		variables = append(variables, secretKey(key, name, key))
	}
	return variables, nil
}
