package twin

func internetGatewayType() *Type {
	return &Type{
		Token: internetGatewayToken, Noun: "EC2 Internet Gateway", Prefix: "igw-", ARN: "internet-gateway",
		Inputs: map[string]Property{
			"vpcId": {Filled: true, Refers: toVpc(Block)},
			"tags":  tags,
		},
		Computed: []string{"arn", "ownerId", "vpcId"},
		Validate: func(in Values) []Failure { return checkTags("tags", in) },
		Create: func(tx *Tx, r *Record) error {
			r.Outputs["vpcId"] = r.Inputs.Text("vpcId")
			return tx.attach(r)
		},
		Update: func(tx *Tx, old Values, r *Record) error {
			if vpc := old.Text("vpcId"); vpc != r.Text("vpcId") {
				if err := tx.detachable(vpc); err != nil {
					return err
				}
			}
			r.Outputs["vpcId"] = r.Text("vpcId")
			return tx.attach(r)
		},
		Delete: func(tx *Tx, r *Record) error { return tx.detachable(r.Text("vpcId")) },
	}
}

// attach checks that a VPC has one internet gateway at most.
func (tx *Tx) attach(r *Record) error {
	if r.Text("vpcId") == "" {
		return nil
	}
	for _, other := range tx.All(internetGatewayToken) {
		if other != r && other.Text("vpcId") == r.Text("vpcId") {
			return refuse("InvalidParameterValue", "Network %s already has an internet gateway attached", r.Text("vpcId"))
		}
	}
	return nil
}

// detachable refuses to cut off addresses that are in use.
func (tx *Tx) detachable(vpc string) error {
	for _, instance := range tx.All(instanceToken) {
		if tx.vpcOf(instance) == vpc && tx.publicAddress(instance) != "" {
			return refuse("DependencyViolation", "Network %s has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.", vpc)
		}
	}
	return nil
}

// attached says whether the VPC has an internet gateway.
func (tx *Tx) attached(vpc string) bool {
	for _, gateway := range tx.All(internetGatewayToken) {
		if gateway.Text("vpcId") == vpc {
			return true
		}
	}
	return false
}

func (tx *Tx) vpcOf(instance *Record) string {
	if subnet := tx.Find(instance.Text("subnetId"), subnetToken); subnet != nil {
		return subnet.Text("vpcId")
	}
	return ""
}

// public says whether a subnet's route table leads to an internet gateway that is attached to its VPC.
func (tx *Tx) public(subnet *Record) bool {
	vpc := tx.Find(subnet.Text("vpcId"), vpcToken)
	if vpc == nil {
		return false
	}
	table := vpc.Text("mainRouteTableId")
	for _, association := range tx.All(tableSubnetToken) {
		if association.Text("subnetId") == subnet.ID {
			table = association.Text("routeTableId")
		}
	}
	for _, route := range tx.routes(table) {
		if route.destination != "0.0.0.0/0" {
			continue
		}
		if gateway := tx.Find(route.gateway, internetGatewayToken); gateway != nil && gateway.Text("vpcId") == vpc.ID {
			return true
		}
	}
	return false
}
