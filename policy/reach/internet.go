package reach

import (
	"slices"
	"strings"

	"ecommerce-platform/policy/model"
)

// Types of what lies between the internet and a machine.
const (
	associationType      = "aws:ec2/eipAssociation:EipAssociation"
	routeType            = "aws:ec2/route:Route"
	routeTableType       = "aws:ec2/routeTable:RouteTable"
	routeAssociationType = "aws:ec2/routeTableAssociation:RouteTableAssociation"
	mainAssociationType  = "aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation"
	defaultRouteType     = "aws:ec2/defaultRouteTable:DefaultRouteTable"
	gatewayType          = "aws:ec2/internetGateway:InternetGateway"
)

// internet closes the path where a machine has no public address, or its subnet no way to the internet.
func (a *analysis) internet(path *Path, to *machine) {
	if !a.public(to) {
		path.close(to.Instance, "give %s an Elastic IP", to.Name)
		return
	}
	if to.Subnet == nil {
		path.doubt()
		return
	}
	switch a.routed(to.Subnet) {
	case closed:
		path.close(to.Subnet, "associate subnet %s with a route table whose route 0.0.0.0/0 leads to an internet gateway",
			to.Subnet.Name)
	case unknown:
		path.doubt()
	}
}

// public tells whether a machine has an address on the internet.
func (a *analysis) public(m *machine) bool {
	for _, link := range []struct{ token, property string }{
		{associationType, "instanceId"}, {model.EipType, "instance"},
	} {
		for _, r := range a.stack.Of(link.token) {
			if slices.Contains(a.stack.Referred(r, link.property), m.Instance) {
				return true
			}
		}
	}
	if given, known := m.Instance.Bool("associatePublicIpAddress"); known && m.Instance.Has("associatePublicIpAddress") {
		return given
	}
	if m.Subnet == nil {
		return true // the subnet of another stack may give one
	}
	given, _ := m.Subnet.Bool("mapPublicIpOnLaunch")
	return given
}

// routed tells whether a subnet's packets get to the internet and back.
func (a *analysis) routed(subnet *model.Resource) verdict {
	var table *model.Resource
	for _, r := range a.stack.Of(routeAssociationType) {
		if slices.Contains(a.stack.Referred(r, "subnetId"), subnet) {
			for _, t := range a.stack.Referred(r, "routeTableId", routeTableType) {
				table = t
			}
			if table == nil {
				return unknown // a route table of another stack
			}
		}
	}
	if table == nil {
		if len(a.stack.Of(mainAssociationType))+len(a.stack.Of(defaultRouteType)) > 0 {
			return unknown
		}
		return closed
	}
	for _, r := range a.stack.Of(routeType) {
		block, _ := r.Text("destinationCidrBlock")
		gateway, _ := r.Text("gatewayId")
		if block == "0.0.0.0/0" && slices.Contains(a.stack.Referred(r, "routeTableId"), table) &&
			(len(a.stack.Referred(r, "gatewayId", gatewayType)) > 0 || strings.HasPrefix(gateway, "igw-")) {
			return open
		}
	}
	if list, _ := table.List("routes"); len(list) > 0 {
		return unknown // gateways in a list have no references of their own
	}
	return closed
}
