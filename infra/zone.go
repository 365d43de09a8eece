package infra

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// zone is the subnet's availability zone: the configured one, or else the first that offers the type of every node. A type
// that the region or the zone does not offer is an error in the preview already, and not once machines are being made.
func (b *builder) zone() (string, error) {
	offers, err := b.offers()
	if err != nil {
		return "", err
	}
	zones := slices.Sorted(maps.Keys(offers))
	if b.args.AvailabilityZone != "" {
		zones = []string{b.args.AvailabilityZone}
	}
	for _, zone := range zones {
		if !slices.ContainsFunc(b.args.Nodes, func(n Node) bool { return !offers[zone][n.InstanceType] }) {
			return zone, nil
		}
	}
	return "", b.notOffered(offers)
}

// offers are the nodes' types that each zone of the region offers.
func (b *builder) offers() (map[string]map[string]bool, error) {
	wanted := map[string]bool{}
	for _, node := range b.args.Nodes {
		wanted[node.InstanceType] = true
	}
	found, err := ec2.GetInstanceTypeOfferings(b.ctx, &ec2.GetInstanceTypeOfferingsArgs{
		LocationType: pulumi.StringRef("availability-zone"),
		Filters:      []ec2.GetInstanceTypeOfferingsFilter{{Name: "instance-type", Values: slices.Sorted(maps.Keys(wanted))}},
	}, b.parent)
	if err != nil {
		return nil, fmt.Errorf("looking up which zones offer which instance types: %w", err)
	}
	offers := map[string]map[string]bool{}
	for i, zone := range found.Locations {
		if offers[zone] == nil {
			offers[zone] = map[string]bool{}
		}
		offers[zone][found.InstanceTypes[i]] = true
	}
	return offers, nil
}

// notOffered says which nodes are in the way.
func (b *builder) notOffered(offers map[string]map[string]bool) error {
	var found []error
	for i, node := range b.args.Nodes {
		var zones []string
		for _, zone := range slices.Sorted(maps.Keys(offers)) {
			if offers[zone][node.InstanceType] {
				zones = append(zones, zone)
			}
		}
		switch {
		case len(zones) == 0:
			found = append(found, fmt.Errorf("nodes[%d].instanceType %q: no zone of this region offers it", i, node.InstanceType))
		case b.args.AvailabilityZone != "" && !slices.Contains(zones, b.args.AvailabilityZone):
			found = append(found, fmt.Errorf("nodes[%d].instanceType %q: availabilityZone %q does not offer it, these do: %s",
				i, node.InstanceType, b.args.AvailabilityZone, strings.Join(zones, ", ")))
		}
	}
	if len(found) == 0 {
		found = append(found, errors.New("availabilityZone <unset>: no zone of this region offers the instance types of all nodes"))
	}
	return errors.Join(found...)
}
