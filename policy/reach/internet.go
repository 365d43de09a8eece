package reach

import (
	"slices"
	"strings"

	"ecommerce-platform/policy/model"
)

// Types of what lies between the internet and a machine.
const (
	routeType            = "aws:ec2/route:Route"
	routeAssociationType = "aws:ec2/routeTableAssociation:RouteTableAssociation"
	mainAssociationType  = "aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation"
	defaultRouteType     = "aws:ec2/defaultRouteTable:DefaultRouteTable"
	gatewayType          = "aws:ec2/internetGateway:InternetGateway"
	natGatewayType       = "aws:ec2/natGateway:NatGateway"
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
	switch a.exit(to.Subnet) {
	case exitNone, exitNAT:
		path.close(to.Subnet, "associate subnet %s with a route table whose route 0.0.0.0/0 leads to an internet gateway",
			to.Subnet.Name)
	case exitUnknown:
		path.doubt()
	}
}

// public tells whether a machine has an address on the internet.
func (a *analysis) public(m *machine) bool {
	for _, link := range []struct{ token, property string }{
		{model.EipAssociationType, "instanceId"}, {model.EipType, "instance"},
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

// exit is where the packets of a subnet go that are for the internet.
type exit int

const (
	// exitNone is nowhere.
	exitNone exit = iota
	// exitInternet is an internet gateway, which lets connections in as well.
	exitInternet
	// exitNAT is a NAT gateway, which lets none in.
	exitNAT
	// exitUnknown is something that this stack does not tell.
	exitUnknown
)

// exit finds the route of a subnet to the internet.
func (a *analysis) exit(subnet *model.Resource) exit {
	var table *model.Resource
	for _, r := range a.stack.Of(routeAssociationType) {
		if slices.Contains(a.stack.Referred(r, "subnetId"), subnet) {
			for _, t := range a.stack.Referred(r, "routeTableId", model.RouteTableType) {
				table = t
			}
			if table == nil {
				a.stack.NotEvaluated(r, "routeTableId")
				return exitUnknown // a route table of another stack
			}
		}
	}
	if table == nil {
		for _, r := range slices.Concat(a.stack.Of(mainAssociationType), a.stack.Of(defaultRouteType)) {
			a.stack.NotEvaluated(r, "")
			return exitUnknown
		}
		return exitNone
	}
	for _, r := range a.stack.Of(routeType) {
		if !slices.Contains(a.stack.Referred(r, "routeTableId"), table) {
			continue
		}
		block, known := r.Text("destinationCidrBlock")
		switch {
		case !known && len(r.References("destinationCidrBlock")) > 0:
			a.stack.NotEvaluated(r, "destinationCidrBlock")
			return exitUnknown
		case block == everywhere.String():
			return a.target(r)
		}
	}
	if list, known := table.List("routes"); len(list) > 0 || !known && len(table.References("routes")) > 0 {
		a.stack.NotEvaluated(table, "routes") // gateways in a list have no references of their own
		return exitUnknown
	}
	return exitNone
}

// target is what a route leads to.
func (a *analysis) target(r *model.Resource) exit {
	gateway, _ := r.Text("gatewayId")
	nat, _ := r.Text("natGatewayId")
	switch {
	case len(a.stack.Referred(r, "gatewayId", gatewayType)) > 0 || strings.HasPrefix(gateway, "igw-"):
		return exitInternet
	case len(a.stack.Referred(r, "natGatewayId", natGatewayType)) > 0 || strings.HasPrefix(nat, "nat-"):
		return exitNAT
	}
	a.stack.NotEvaluated(r, "") // a firewall, a peer or a machine that forwards
	return exitUnknown
}
