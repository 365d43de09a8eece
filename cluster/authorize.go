package cluster

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/cluster/step"
)

// authorize lets whoever holds one of AuthorizedKeys log in to the nodes, and nobody else. It returns those of the keys that every
// node takes once that is done: with `pulumi up --target` a step may be left as it was.
func authorize(args *Args, members []*node) (pulumi.StringArrayOutput, error) {
	var lines []any
	for _, n := range members {
		done, err := n.Run(step.Step{
			// cloud-init, which prepare waits for, writes the same file on a machine's first boot.
			Name: "login-keys", Script: "login-keys.sh", Limit: 120, Waits: []pulumi.Resource{n.prepared.Command},
			Settings: []step.Setting{
				step.Set("LOGIN_USER", pulumi.String(step.LoginUser)),
				step.Set("LOGIN_KEYS", pulumi.String(strings.Join(args.AuthorizedKeys, "\n"))),
			},
		})
		if err != nil {
			return pulumi.StringArrayOutput{}, err
		}
		lines = append(lines, done.Create)
	}
	return pulumi.All(lines...).ApplyT(func(lines []any) []string {
		return slices.DeleteFunc(slices.Clone(args.AuthorizedKeys), func(key string) bool {
			return slices.ContainsFunc(lines, func(line any) bool {
				text, _ := line.(*string)
				return text == nil || !strings.Contains(*text, key)
			})
		})
	}).(pulumi.StringArrayOutput), nil
}
