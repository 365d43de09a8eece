package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/cluster"
)

// firstLoginKey is the label of the login key of platforms from before there were labels.
const firstLoginKey = ""

// loginKeysOutput is the output that lists the labels of the keys that may log in to every node, which cluster/ssh and the
// stack's own next update read. It is told once the nodes know them.
const loginKeysOutput = "loginKeys"

// checkLoginKeys refuses, before anything is registered, a step of a rotation that is one too far. The key that comes first
// must be one that every node takes already. And the one that came first stays for one update more: what this update takes
// back on a machine, it takes back with the connection that the state holds.
func (c *Config) checkLoginKeys(last map[string]any) error {
	known := loginKeysOf(last)
	if known == nil || !c.has("infra") && !c.has("cluster") {
		return nil
	}
	var found []error
	if !slices.Contains(known, c.LoginKeys[0]) {
		found = append(found, fmt.Errorf("loginKeys[0] %q: no update has authorized it yet, the last one did %q; put it behind those, run `pulumi up`, and let it come first then",
			c.LoginKeys[0], known))
	}
	if !slices.Contains(c.LoginKeys, known[0]) {
		found = append(found, fmt.Errorf("loginKeys %q: without %q, which came first in the last update; let another one come first, run `pulumi up`, and take it away then",
			c.LoginKeys, known[0]))
	}
	return errors.Join(found...)
}

// loginKeysOf are the labels that an earlier update of this stack left authorized; none before the first that it came out of
// whole.
func loginKeysOf(last map[string]any) []string {
	list, told := last[loginKeysOutput].([]any)
	if _, stands := last["nodes"]; !told && stands {
		return []string{firstLoginKey}
	}
	var labels []string
	for _, item := range list {
		label, _ := item.(string)
		labels = append(labels, label)
	}
	return labels
}

// exportLoginKeys tells the labels of the keys that the layer has authorized; a stack without the cluster knows of no more than
// new machines.
func (c *Config) exportLoginKeys(ctx *pulumi.Context, keys *cluster.Keys, layer *cluster.Cluster) {
	if layer == nil {
		ctx.Export(loginKeysOutput, pulumi.ToStringArray(c.LoginKeys))
		return
	}
	ctx.Export(loginKeysOutput, layer.Authorized.ApplyT(func(authorized []string) []string {
		var labels []string
		for i, label := range c.LoginKeys {
			if slices.Contains(authorized, keys.Logins[i].Public) {
				labels = append(labels, label)
			}
		}
		return labels
	}).(pulumi.StringArrayOutput))
}
