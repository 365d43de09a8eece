package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/infra/boundary"
)

// factsOutput is the output by which a stack tells the one above what both are configured with.
const factsOutput = "facts"

// fact is what more than one layer is built on.
type fact struct {
	// Value is in JSON.
	Value string `json:"value"`
	// Stack is the one that told it; empty for the one whose output it is.
	Stack string `json:"stack,omitempty"`
}

// facts lists what the layers of this stack are built on and those of another stack are as well, by key.
func (c *Config) facts() (map[string]fact, error) {
	found := map[string]fact{}
	var problems []error
	tell := func(key string, value any, layers ...string) {
		if !slices.ContainsFunc(layers, c.has) {
			return
		}
		text, err := json.Marshal(value)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", key, err))
		}
		found[key] = fact{Value: string(text)}
	}

	tell("podCidr", c.PodCidr, allLayers...)
	tell("serviceCidr", c.ServiceCidr, "infra", "cluster")
	// A directory is no matter of the stack that holds the role.
	tell("backup.destination", path.Join(c.bucket().Name, c.bucket().Prefix), "infra", "cluster")
	tell("nodePort", c.NodePort, "infra", "workloads")
	tell("frontend.port", c.Frontend.Port, "infra", "workloads")
	tell("metricsServer", c.MetricsServer, allLayers...)
	tell("monitoring.enabled", c.Monitoring.Enabled, allLayers...)
	tell("namespace", c.Namespace, "cluster", "workloads")
	knowing := []string{"cluster", "workloads"}
	if c.Postgres.OwnDisk() {
		knowing = allLayers
	}
	tell("postgres.volumeType", c.Postgres.VolumeType, allLayers...)
	tell("postgres.node", strings.Join(c.database().DatabaseNodes(), ", "), knowing...)
	tell("postgres.volume", c.Postgres.Volume, knowing...)
	tell("postgres.volumeGiB", c.Postgres.VolumeGiB, knowing...)
	dumps := []string{}
	for _, dump := range c.Postgres.Dumps(c.Namespace) {
		dumps = append(dumps, dump.Name+" of "+dump.Workload)
	}
	tell("dumps", dumps, "cluster", "workloads")
	shown, err := c.shownSeed()
	if err != nil {
		problems = append(problems, err)
	}
	tell("keySeed", shown, "infra", "cluster")
	tell("loginKeys", c.LoginKeys, "infra", "cluster")

	names := c.nodeNames()
	slices.Sort(names)
	tell("nodes", names, allLayers...)
	for _, node := range c.Nodes {
		key := "nodes." + node.Name + "."
		tell(key+"role", node.Role, allLayers...)
		tell(key+"privateIp", node.PrivateIP, "infra", "cluster")
		tell(key+"labels", orEmpty(node.Labels), "cluster", "workloads")
		tell(key+"taints", append([]boundary.Taint{}, node.Taints...), "cluster", "workloads")
	}
	return found, errors.Join(problems...)
}

// orEmpty lets a map that is not there read as one without entries.
func orEmpty(labels map[string]string) map[string]string {
	if labels == nil {
		return map[string]string{}
	}
	return labels
}

// agree compares what this stack is configured with and what the stack below was last deployed with, before anything is
// registered, and tells the stack above all of it: what this one does not need itself it passes on.
func (c *Config) agree(ctx *pulumi.Context, below *stackBelow) error {
	own, err := c.facts()
	if err != nil {
		return err
	}
	told := maps.Clone(own)
	if below != nil {
		lower, err := below.facts(ctx)
		if err != nil {
			return err
		}
		var problems []error
		for _, key := range sortedKeys(lower) {
			if mine, ok := own[key]; !ok {
				told[key] = lower[key]
			} else if mine.Value != lower[key].Value {
				problems = append(problems, fmt.Errorf("%s %s: is %s in the stack %s, and the stack %s must agree with it; set both alike, and run `pulumi up` in the lower one first",
					key, mine.Value, lower[key].Value, lower[key].Stack, ctx.Stack()))
			}
		}
		if len(problems) > 0 {
			return errors.Join(problems...)
		}
	}
	if !c.has("workloads") {
		ctx.Export(factsOutput, factOutputs(told))
	}
	return nil
}

// facts are those of the stack below, each with the stack that told it. A stack that was never deployed tells none: a preview
// goes on and says so, an update does not.
func (s *stackBelow) facts(ctx *pulumi.Context) (map[string]fact, error) {
	details, err := s.reference.GetOutputDetails(factsOutput)
	if err != nil {
		return nil, fmt.Errorf("facts: reading those of the stack %s: %w", s.name, err)
	}
	text, err := json.Marshal(details.Value)
	if err != nil {
		return nil, fmt.Errorf("facts: reading those of the stack %s: %w", s.name, err)
	}
	told := map[string]fact{}
	if err := json.Unmarshal(text, &told); err != nil {
		return nil, fmt.Errorf("facts: reading those of the stack %s: %w", s.name, err)
	}
	if len(told) == 0 && ctx.DryRun() {
		return nil, ctx.Log.Warn(fmt.Sprintf("facts: the stack %s tells none yet, so that nothing shows whether this one agrees with it", s.name), nil)
	}
	if len(told) == 0 {
		return nil, fmt.Errorf("facts: the stack %s tells none; run `pulumi up` there first, with this version of the program", s.name)
	}
	for key, f := range told {
		told[key] = fact{Value: f.Value, Stack: orDefault(f.Stack, s.name)}
	}
	return told, nil
}

// factOutputs is how a stack tells facts.
func factOutputs(told map[string]fact) pulumi.Map {
	outputs := pulumi.Map{}
	for key, f := range told {
		output := pulumi.StringMap{"value": pulumi.String(f.Value)}
		if f.Stack != "" {
			output["stack"] = pulumi.String(f.Stack)
		}
		outputs[key] = output
	}
	return outputs
}
