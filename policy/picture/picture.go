// Package picture draws a report's network and the placement of pods as SVG, before and after a change. It is laid out for a
// phone: everything is below everything else, no text is smaller than 14 pixels on a screen of 360, and its colours follow the
// reader's scheme.
package picture

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ecommerce-platform/policy/report"
)

// Save writes the picture beside the report's JSON, where the environment names a file for that.
func Save(r *report.Report) error {
	path := os.Getenv(report.File)
	if path == "" {
		return nil
	}
	path = strings.TrimSuffix(path, filepath.Ext(path)) + ".svg"
	if err := os.WriteFile(path, []byte(SVG(r)), 0o644); err != nil {
		return fmt.Errorf("%s: %w", report.File, err)
	}
	return nil
}

// SVG is the picture.
func SVG(r *report.Report) string {
	c := &canvas{y: margin}
	c.paragraph(margin, width-2*margin, r.Headline, "headline")
	after := report.State{Network: r.Network, Placement: r.Placement}
	changed := changes(r)
	if r.Before != nil {
		c.state("Before: "+r.Baseline, "before", *r.Before, nil, changed)
		c.state("After this change", "after", after, r.Before, changed)
	} else {
		c.state("On a new cluster", "after", after, nil, changed)
	}
	c.reachability(r)
	return c.document(r.Headline)
}

// changes are what happens to nodes, by name.
func changes(r *report.Report) map[string]string {
	changed := map[string]string{}
	for _, node := range r.Update {
		changed[node.Node] = node.What
	}
	return changed
}

// state draws a network with its nodes and pods. before is the state that it is compared with.
func (c *canvas) state(title, class string, s report.State, before *report.State, changed map[string]string) {
	c.y += gap
	c.open("state", "data-state", class)
	c.line(margin, title, "title")
	if ports := s.Network.NodePorts; len(ports) > 0 {
		c.entrance(fmt.Sprintf("clients → NodePort %s on every node", join(ports)))
	}
	outer := c.box(margin)
	c.line(outer.inner, "VPC "+orUnknown(s.Network.VPC), "label")
	drawn := map[string]bool{}
	for _, subnet := range s.Network.Subnets {
		inner := c.box(outer.inner)
		c.line(inner.inner, strings.Join(nonEmpty("subnet "+orUnknown(subnet.CIDR), subnet.Zone), " · "), "label")
		for _, machine := range s.Network.Machines {
			if machine.Subnet == subnet.Name {
				drawn[machine.Node] = true
				c.node(inner.inner, machine, s, before, changed[machine.Node])
			}
		}
		c.close(inner, "subnet")
	}
	for _, machine := range s.Network.Machines {
		if !drawn[machine.Node] {
			c.node(outer.inner, machine, s, before, changed[machine.Node])
		}
	}
	c.pending(outer.inner, s)
	c.close(outer, "vpc")
	c.end()
}

// node draws a machine with what is asked of it and the pods of each tier.
func (c *canvas) node(x float64, machine report.Machine, s report.State, before *report.State, change string) {
	c.open("node", "data-node", machine.Node)
	card := c.box(x)
	c.line(card.inner, machine.Node, "name")
	c.paragraph(card.inner, width-2*card.inner, strings.Join(nonEmpty(machine.Role, machine.InstanceType, machine.PrivateIP), " · "), "small")
	for _, use := range s.Placement.Nodes {
		if use.Node == machine.Node {
			c.bar(card.inner, "CPU", use.CPU, use.AllocatableCPU, "m")
			c.bar(card.inner, "memory", use.Memory, use.AllocatableMemory, " MiB")
		}
	}
	var chips []chip
	for _, tier := range s.Placement.Tiers {
		pods, was := tier.PerNode[machine.Node], 0
		if before == nil {
			was = pods
		} else {
			was = podsOn(*before, tier.Tier, machine.Node)
		}
		if pods > 0 || was > 0 {
			chips = append(chips, chip{tier.Tier, pods, was})
		}
	}
	c.chips(card.inner, chips)
	class := "card"
	if change != "" {
		c.paragraph(card.inner, width-2*card.inner, change, "change")
		class = "card changed"
	}
	c.close(card, class)
	c.end()
}

// podsOn is how many pods of a tier are on a node.
func podsOn(s report.State, name, node string) int {
	for _, tier := range s.Placement.Tiers {
		if tier.Tier == name {
			return tier.PerNode[node]
		}
	}
	return 0
}

// pending draws the pods that no node takes.
func (c *canvas) pending(x float64, s report.State) {
	var chips []chip
	for _, tier := range s.Placement.Tiers {
		if tier.Pending > 0 {
			chips = append(chips, chip{tier.Tier, tier.Pending, tier.Pending})
		}
	}
	if len(chips) == 0 {
		return
	}
	c.open("pending", "data-node", "")
	card := c.box(x)
	c.line(card.inner, "no node takes", "name")
	c.chips(card.inner, chips)
	c.close(card, "card broken")
	c.end()
}

// reachability draws the paths that are not as they must be; the others are a number.
func (c *canvas) reachability(r *report.Report) {
	if len(r.Reachability) == 0 {
		return
	}
	c.y += gap
	good := 0
	var broken []string
	for _, path := range r.Reachability {
		switch {
		case path.State == path.Want:
			good++
		case path.Broken():
			broken = append(broken, fmt.Sprintf("%s → %s, %s %s is %s", path.From, path.To, path.What, path.Ports, path.State))
		}
	}
	c.line(margin, fmt.Sprintf("%d of %d paths as they should be", good, len(r.Reachability)), "title")
	for _, path := range slices.Compact(broken) {
		c.paragraph(margin, width-2*margin, path, "wrong")
	}
}

func orUnknown(text string) string {
	if text == "" {
		return "(not known yet)"
	}
	return text
}

func nonEmpty(parts ...string) []string {
	return slices.DeleteFunc(parts, func(s string) bool { return s == "" })
}

func join(ports []int32) string {
	var words []string
	for _, port := range ports {
		words = append(words, fmt.Sprint(port))
	}
	return strings.Join(words, ", ")
}
