package twin

import "net/netip"

// routeFields are the inputs that a Route and an entry of RouteTable.routes have in common; of the targets, the twin has internet gateways.
func routeFields(destination, destination6 string) map[string]Property {
	gateway := &Reference{[]string{internetGatewayToken}, "InvalidGatewayID.NotFound", "The gateway ID '%s' does not exist", Keep}
	return map[string]Property{
		destination:               {},
		"gatewayId":               {Refers: gateway},
		destination6:              {Absent: true},
		"destinationPrefixListId": {Absent: true},
		"carrierGatewayId":        {Absent: true},
		"coreNetworkArn":          {Absent: true},
		"egressOnlyGatewayId":     {Absent: true},
		"localGatewayId":          {Absent: true},
		"natGatewayId":            {Absent: true},
		"networkInterfaceId":      {Absent: true},
		"transitGatewayId":        {Absent: true},
		"vpcEndpointId":           {Absent: true},
		"vpcPeeringConnectionId":  {Absent: true},
	}
}

func routeTableType() *Type {
	return &Type{
		Token: routeTableToken, Noun: "EC2 Route Table", Prefix: "rtb-", ARN: "route-table",
		Inputs: map[string]Property{
			"vpcId":           {Required: true, Replace: true, Refers: toVpc(Block)},
			"routes":          {Kind: ObjectList, Filled: true, Fields: routeFields("cidrBlock", "ipv6CidrBlock")},
			"propagatingVgws": {Kind: StringSet, Absent: true},
			"tags":            tags,
		},
		Computed: []string{"arn", "ownerId", "routes", "propagatingVgws"},
		Validate: func(in Values) []Failure {
			failures := checkTags("tags", in)
			for _, route := range in.Objects("routes") {
				failures = append(failures, checkRoute(route, "cidrBlock")...)
			}
			return failures
		},
		Create: func(tx *Tx, r *Record) error {
			r.Outputs["routes"], r.Outputs["propagatingVgws"] = []any{}, []any{}
			return tx.distinctRoutes(r.ID)
		},
		Update: func(tx *Tx, _ Values, r *Record) error { return tx.distinctRoutes(r.ID) },
	}
}

func routeType() *Type {
	inputs := routeFields("destinationCidrBlock", "destinationIpv6CidrBlock")
	inputs["routeTableId"] = Property{Required: true, Replace: true, Refers: toTable(Cascade)}
	destination := inputs["destinationCidrBlock"]
	destination.Replace = true
	inputs["destinationCidrBlock"] = destination
	return &Type{
		Token: routeToken, Noun: "EC2 Route", Prefix: "r-rtb-", Inputs: inputs,
		Computed: []string{"instanceId", "instanceOwnerId", "networkInterfaceId", "origin", "state"},
		Validate: func(in Values) []Failure { return checkRoute(in, "destinationCidrBlock") },
		Create: func(tx *Tx, r *Record) error {
			r.Outputs = Values{"instanceId": "", "instanceOwnerId": "", "networkInterfaceId": "", "origin": "CreateRoute", "state": "active"}
			return tx.routable(r)
		},
		Update: func(tx *Tx, _ Values, r *Record) error { return tx.routable(r) },
		Refresh: func(tx *Tx, r *Record) {
			r.Outputs["state"] = "blackhole"
			if tx.Find(r.Text("gatewayId"), internetGatewayToken) != nil {
				r.Outputs["state"] = "active"
			}
		},
	}
}

func checkRoute(in Values, destination string) []Failure {
	var failures []Failure
	if _, ok := in[destination]; !ok {
		failures = fail(destination, "MissingParameter: one destination must be specified")
	}
	if _, ok := in["gatewayId"]; !ok {
		failures = append(failures, fail("gatewayId", "MissingParameter: one target must be specified")...)
	}
	if text := in.Text(destination); text != "" {
		if block, err := netip.ParsePrefix(text); err != nil || block != block.Masked() {
			failures = append(failures, fail(destination, "%q is not a valid CIDR block", text)...)
		}
	}
	return failures
}

// routable checks a route against its table and its gateway.
func (tx *Tx) routable(r *Record) error {
	vpc := tx.Find(r.Text("routeTableId"), routeTableToken).Text("vpcId")
	if gateway := tx.Find(r.Text("gatewayId"), internetGatewayToken); gateway.Text("vpcId") != vpc {
		return refuse("InvalidParameterValue", "route table %s and network gateway %s belong to different networks",
			r.Text("routeTableId"), gateway.ID)
	}
	return tx.distinctRoutes(r.Text("routeTableId"))
}

type route struct{ destination, gateway string }

// routes lists what a table holds, declared inside it or beside it.
func (tx *Tx) routes(table string) []route {
	var routes []route
	if t := tx.Find(table, routeTableToken); t != nil {
		for _, in := range t.Inputs.Objects("routes") {
			routes = append(routes, route{in.Text("cidrBlock"), in.Text("gatewayId")})
		}
	}
	for _, r := range tx.All(routeToken) {
		if r.Text("routeTableId") == table {
			routes = append(routes, route{r.Text("destinationCidrBlock"), r.Text("gatewayId")})
		}
	}
	return routes
}

// distinctRoutes refuses two routes to one destination; the route to the VPC itself is always there.
func (tx *Tx) distinctRoutes(table string) error {
	seen := map[string]bool{}
	if t := tx.Find(table, routeTableToken); t != nil {
		seen[tx.Find(t.Text("vpcId"), vpcToken).Text("cidrBlock")] = true
	}
	for _, r := range tx.routes(table) {
		if seen[r.destination] {
			return refuse("RouteAlreadyExists", "The route identified by %s already exists.", r.destination)
		}
		seen[r.destination] = true
	}
	return nil
}

func tableSubnetType() *Type {
	return &Type{
		Token: tableSubnetToken, Noun: "EC2 Route Table Association", Prefix: "rtbassoc-",
		Inputs: map[string]Property{
			"routeTableId": {Required: true, Refers: toTable(Block)},
			"subnetId":     {Replace: true, Refers: toSubnet(Cascade)},
			"gatewayId":    {Absent: true},
		},
		Validate: func(in Values) []Failure {
			if _, ok := in["subnetId"]; !ok {
				return fail("subnetId", "one of `gatewayId,subnetId` must be specified")
			}
			return nil
		},
		Create: func(tx *Tx, r *Record) error {
			if other := tx.uniqueName(r, "subnetId", func(*Record) bool { return true }); other != nil {
				return refuse("Resource.AlreadyAssociated", "the specified association for route table %s conflicts with an existing association", r.Text("routeTableId"))
			}
			return tx.sameNetwork(r)
		},
		Update: func(tx *Tx, _ Values, r *Record) error { return tx.sameNetwork(r) },
	}
}

func (tx *Tx) sameNetwork(r *Record) error {
	table, subnet := tx.Find(r.Text("routeTableId"), routeTableToken), tx.Find(r.Text("subnetId"), subnetToken)
	if table.Text("vpcId") != subnet.Text("vpcId") {
		return refuse("InvalidParameterValue", "route table %s and subnet %s belong to different networks", table.ID, subnet.ID)
	}
	return nil
}

func mainTableType() *Type {
	return &Type{
		Token: mainTableToken, Noun: "EC2 Main Route Table Association", Prefix: "rtbassoc-",
		Inputs: map[string]Property{
			"vpcId":        {Required: true, Replace: true, Refers: toVpc(Cascade)},
			"routeTableId": {Required: true, Refers: toTable(Block)},
		},
		Computed: []string{"originalRouteTableId"},
		Create: func(tx *Tx, r *Record) error {
			r.Outputs["originalRouteTableId"] = tx.Find(r.Text("vpcId"), vpcToken).Outputs["mainRouteTableId"]
			return tx.makeMain(r, r.Text("routeTableId"))
		},
		Update: func(tx *Tx, _ Values, r *Record) error { return tx.makeMain(r, r.Text("routeTableId")) },
		Delete: func(tx *Tx, r *Record) error { return tx.makeMain(r, r.Text("originalRouteTableId")) },
	}
}

func (tx *Tx) makeMain(r *Record, table string) error {
	vpc := tx.Find(r.Text("vpcId"), vpcToken)
	if t := tx.Find(table, routeTableToken); t == nil || t.Text("vpcId") != vpc.ID {
		return refuse("InvalidParameterValue", "route table %s and network %s belong to different networks", table, vpc.ID)
	}
	vpc.Outputs["mainRouteTableId"] = table
	return nil
}
