package cost

import (
	"cmp"
	"fmt"
	"strings"

	"ecommerce-platform/policy/model"
)

const (
	providerType    = "pulumi:providers:aws"
	associationType = "aws:ec2/eipAssociation:EipAssociation"
)

// free are the types of AWS resources that cost nothing by being there. Any other one without a price is named.
var free = map[string]bool{
	model.VpcType: true, model.SubnetType: true, model.GroupType: true, model.DefaultGroupType: true,
	model.IngressType: true, model.EgressType: true, associationType: true,
	"aws:ec2/internetGateway:InternetGateway":             true,
	"aws:ec2/routeTable:RouteTable":                       true,
	"aws:ec2/route:Route":                                 true,
	"aws:ec2/routeTableAssociation:RouteTableAssociation": true,
	"aws:ec2/keyPair:KeyPair":                             true,
}

// Declare reads from a stack what costs money in it.
func Declare(stack *model.Stack) Declared {
	d := &reader{stack: stack}
	for _, provider := range stack.Of(providerType) {
		if region, known := provider.Text("region"); !known {
			stack.NotEvaluated(provider, "region")
		} else if region != "" {
			d.Region = region
		}
	}
	for _, resource := range stack.Resources {
		switch {
		case resource.Type == model.InstanceType:
			d.instance(resource)
		case resource.Type == model.VolumeType:
			d.volume(resource, "type", "size")
		case resource.Type == model.EipType:
			d.Addresses++
		case strings.HasPrefix(resource.Type, "aws:") && !free[resource.Type]:
			d.Other = append(d.Other, fmt.Sprintf("%s: no price in policy/cost/prices.json", resource))
		}
	}
	return d.Declared
}

// reader collects what a stack declares.
type reader struct {
	Declared
	stack *model.Stack
}

func (d *reader) instance(r *model.Resource) {
	if instance, ok := d.text(r, "instanceType"); ok {
		d.Instances = append(d.Instances, instance)
		if mode, ok := d.credits(r, instance); ok && mode == "unlimited" {
			d.Unlimited = append(d.Unlimited, instance)
		}
	}
	d.volume(r, "rootBlockDevice.volumeType", "rootBlockDevice.volumeSize")
	if d.hasOwnAddress(r) {
		d.Addresses++
	}
}

// credits is the mode of a burstable instance; AWS launches all of them but T2 in unlimited mode.
func (d *reader) credits(r *model.Resource, instance string) (mode string, ok bool) {
	if surplus(instance) == 0 {
		return "", false
	}
	mode, known := r.Text("creditSpecification.cpuCredits")
	if !known {
		d.stack.NotEvaluated(r, "creditSpecification.cpuCredits")
		return "", false
	}
	return cmp.Or(mode, "unlimited"), true
}

// hasOwnAddress tells whether AWS gives the instance a public address that is not an Elastic IP, which takes its place.
func (d *reader) hasOwnAddress(r *model.Resource) bool {
	for _, association := range d.stack.Of(associationType) {
		for _, target := range d.stack.Referred(association, "instanceId", model.InstanceType) {
			if target == r {
				return false
			}
		}
	}
	if own, known := r.Bool("associatePublicIpAddress"); known && r.Has("associatePublicIpAddress") {
		return own
	}
	for _, subnet := range d.stack.Referred(r, "subnetId", model.SubnetType) {
		if maps, _ := subnet.Bool("mapPublicIpOnLaunch"); maps {
			return true
		}
	}
	return false
}

func (d *reader) volume(r *model.Resource, kindPath, sizePath string) {
	kind, kindKnown := d.text(r, kindPath)
	size, known := r.Number(sizePath)
	switch {
	case !known:
		d.stack.NotEvaluated(r, sizePath)
	case kindKnown && size > 0:
		d.Volumes = append(d.Volumes, Volume{Type: kind, GiB: size})
	case size == 0:
		d.Other = append(d.Other, fmt.Sprintf("%s %s: not set, so the image decides", r, sizePath))
	}
}

// text returns the string at path if it is set; an unknown one is reported.
func (d *reader) text(r *model.Resource, path string) (string, bool) {
	text, known := r.Text(path)
	switch {
	case !known:
		d.stack.NotEvaluated(r, path)
		return "", false
	case text == "":
		d.Other = append(d.Other, fmt.Sprintf("%s %s: not set, so its price is not known", r, path))
		return "", false
	}
	return text, true
}
