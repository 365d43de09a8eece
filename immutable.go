package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
)

// immutableName names the Stash that remembers what the platform was created with. It only remembers what it was given
// first: a key added to immutable needs a Stash of another name, or platforms that exist would never remember it.
const immutableName = "immutable"

// immutableKey is a key that is read when the platform is created and built into it: certificates, addresses of what
// runs, data directories. Changing it later is a new platform, not a change of this one.
type immutableKey struct{ name, value string }

// immutable lists the immutable keys of the layers that this stack holds. A key with two names, such as
// nodes[0].name, is kept under one that does not move when a list is sorted otherwise.
func (c *Config) immutable() map[string]immutableKey {
	layers, err := json.Marshal(slices.Sorted(slices.Values(c.Layers)))
	if err != nil {
		panic(err) // a list of strings is JSON
	}
	keys := map[string]immutableKey{"layers": {"layers", string(layers)}}
	same := func(name, value string) { keys[name] = immutableKey{name, fmt.Sprintf("%q", value)} }
	if c.has("infra") {
		same("vpcCidr", c.VpcCidr)
		same("subnetCidr", orDefault(c.SubnetCidr, c.VpcCidr))
		same("availabilityZone", c.AvailabilityZone)
	}
	if c.has("infra") || c.has("cluster") {
		i := c.controlPlaneIndex()
		node := c.Nodes[i]
		keys["controlPlane.name"] = immutableKey{fmt.Sprintf("nodes[%d].name", i), fmt.Sprintf("%q", node.Name)}
		keys["controlPlane.privateIp"] = immutableKey{fmt.Sprintf("nodes[%d].privateIp", i), fmt.Sprintf("%q", node.PrivateIP)}
		// A machine knows the login key and its host key from its first boot. Steps that would undo something on machines with
		// other keys could not even log in.
		if shown, err := c.shownSeed(); err == nil {
			keys["keySeed"] = immutableKey{"keySeed", shown}
		}
		same("podCidr", c.PodCidr)
		same("serviceCidr", c.ServiceCidr)
	}
	if c.has("workloads") {
		same("namespace", c.Namespace)
	}
	return keys
}

// checkImmutable refuses another value for what cannot change, in a preview as well, before anything else is registered.
// An update that was refused leaves the memory as it was.
func (c *Config) checkImmutable(ctx *pulumi.Context) error {
	return errors.Join(append(
		compare(ctx, immutableName, c.immutable(), "is immutable, and the platform was created with %v; set it back, or destroy the platform first and restore a backup into another one"),
		c.checkPlace(ctx)...)...)
}

// compare returns an error for each key that has another value than the Stash of this name was first given.
func compare(ctx *pulumi.Context, name string, keys map[string]immutableKey, rule string) []error {
	values := pulumi.StringMap{}
	for id, key := range keys {
		values[id] = pulumi.String(key.value)
	}
	memory, err := pulumi.NewStash(ctx, name, &pulumi.StashArgs{Input: values})
	if err != nil {
		return []error{err}
	}
	first, err := internals.UnsafeAwaitOutput(ctx.Context(), memory.Output)
	if err != nil {
		return []error{fmt.Errorf("reading the stash %s: %w", name, err)}
	}
	remembered, ok := first.Value.(map[string]any)
	if !ok {
		return []error{fmt.Errorf("reading the stash %s: %T is no map", name, first.Value)}
	}
	var found []error
	for _, id := range sortedKeys(keys) {
		if was, ok := remembered[id]; ok && was != keys[id].value {
			found = append(found, fmt.Errorf("%s %s: "+rule, keys[id].name, keys[id].value, was))
		}
	}
	return found
}
