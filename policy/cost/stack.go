package cost

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"ecommerce-platform/policy/model"
)

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
		case resource.Type == natGatewayType:
			d.Running = append(d.Running, natGateway)
		case slices.Contains(classicTypes, resource.Type):
			d.balancer(resource, classicBalancer)
		case slices.Contains(balancerTypes, resource.Type):
			d.balancerOfType(resource)
		case strings.HasPrefix(resource.Type, "aws:") && !isFree(resource.Type):
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
	if detailed, known := r.Bool("monitoring"); known && detailed {
		d.Other = append(d.Other, fmt.Sprintf("%s monitoring: no price in policy/cost/prices.json", r))
	}
	d.volume(r, "rootBlockDevice.volumeType", "rootBlockDevice.volumeSize")
	if disks, known := r.List("ebsBlockDevices"); known {
		for i := range disks {
			path := fmt.Sprintf("ebsBlockDevices[%d].", i)
			d.volume(r, path+"volumeType", path+"volumeSize")
		}
	} else if len(r.References("ebsBlockDevices")) > 0 {
		d.stack.NotEvaluated(r, "ebsBlockDevices")
	}
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
	for _, link := range []struct{ token, property string }{{model.EipAssociationType, "instanceId"}, {model.EipType, "instance"}} {
		for _, of := range d.stack.Of(link.token) {
			if slices.Contains(d.stack.Referred(of, link.property, model.InstanceType), r) {
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

// balancerOfType is an application's load balancer, or a network's.
func (d *reader) balancerOfType(r *model.Resource) {
	kind, known := r.Text("loadBalancerType")
	switch name := balancers[kind]; {
	case !known:
		d.stack.NotEvaluated(r, "loadBalancerType")
	case name == "":
		d.Other = append(d.Other, fmt.Sprintf("%s: no price in policy/cost/prices.json", r))
	default:
		d.balancer(r, name)
	}
}

// balancer runs by the hour, and faces the internet with an address in each of its subnets. Elastic IPs among them are counted as such.
func (d *reader) balancer(r *model.Resource, name string) {
	d.Running = append(d.Running, name)
	internal, known := r.Bool("internal")
	if !known {
		d.stack.NotEvaluated(r, "internal")
	}
	if internal || !known {
		return
	}
	for _, path := range []string{"subnets", "subnetMappings"} {
		list, known := r.List(path)
		if !known && len(r.References(path)) > 0 {
			d.stack.NotEvaluated(r, path)
		}
		for i := range list {
			if path == "subnets" || !r.Has(fmt.Sprintf("%s[%d].allocationId", path, i)) {
				d.Addresses++
			}
		}
	}
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
