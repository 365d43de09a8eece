package twin

func eipType() *Type {
	inputs := map[string]Property{
		"domain":                 {Replace: true, Filled: true, Enum: []string{"vpc", "standard"}},
		"instance":               {Filled: true, Refers: toInstance(Keep)},
		"associateWithPrivateIp": {},
		"networkBorderGroup":     {Replace: true, Filled: true},
		"tags":                   tags,
	}
	for _, name := range []string{"address", "customerOwnedIpv4Pool", "ipamPoolId", "networkInterface", "publicIpv4Pool", "vpc"} {
		inputs[name] = Property{Absent: true}
	}
	return &Type{
		Token: eipToken, Noun: "EC2 EIP", Prefix: "eipalloc-", ARN: "elastic-ip", Inputs: inputs,
		Computed: []string{"allocationId", "arn", "associationId", "carrierIp", "customerOwnedIp", "domain", "instance", "ipamPoolId",
			"networkBorderGroup", "networkInterface", "privateDns", "privateIp", "ptrRecord", "publicDns", "publicIp", "publicIpv4Pool"},
		Validate: func(in Values) []Failure {
			failures := checkTags("tags", in)
			if in.Text("domain") == "standard" {
				failures = append(failures, fail("domain", "InvalidParameterValue: Classic network is not supported: domain must be vpc")...)
			}
			return failures
		},
		Create: func(tx *Tx, r *Record) error {
			if err := tx.checkCount(eipToken, tx.Quotas.Addresses, "AddressLimitExceeded", "The maximum number of addresses has been reached."); err != nil {
				return err
			}
			address, err := tx.elastic()
			if err != nil {
				return err
			}
			r.Outputs["allocationId"], r.Outputs["publicIp"] = r.ID, address
			r.Outputs["publicDns"] = publicName(tx.Region, address)
			r.Outputs["domain"], r.Outputs["networkBorderGroup"] = "vpc", tx.Region
			for _, name := range []string{"carrierIp", "customerOwnedIp", "ipamPoolId", "ptrRecord"} {
				r.Outputs[name] = ""
			}
			r.Outputs["publicIpv4Pool"] = "amazon"
			return tx.associateDirectly(r)
		},
		Update:  func(tx *Tx, _ Values, r *Record) error { return tx.associateDirectly(r) },
		Refresh: refreshEip,
	}
}

// associateDirectly serves an Elastic IP that names its instance itself.
func (tx *Tx) associateDirectly(r *Record) error {
	r.Outputs["associationId"] = ""
	if id := r.Inputs.Text("instance"); id != "" {
		if err := tx.reachable(id); err != nil {
			return err
		}
		r.Outputs["associationId"] = NewID("eipassoc-")
	}
	refreshEip(tx, r)
	return nil
}

// association finds what an Elastic IP is associated with: the association's identifier and the instance's.
func (tx *Tx) association(eip *Record) (association, instance string) {
	for _, r := range tx.All(eipAssociationToken) {
		if r.Text("allocationId") == eip.ID {
			return r.ID, r.Text("instanceId")
		}
	}
	if id := eip.Inputs.Text("instance"); tx.Find(id, instanceToken) != nil {
		return eip.Outputs.Text("associationId"), id
	}
	return "", ""
}

func refreshEip(tx *Tx, r *Record) {
	association, id := tx.association(r)
	r.Outputs["associationId"], r.Outputs["instance"] = association, id
	r.Outputs["networkInterface"], r.Outputs["privateIp"], r.Outputs["privateDns"] = "", "", ""
	if instance := tx.Find(id, instanceToken); instance != nil {
		r.Outputs["networkInterface"] = instance.Outputs["primaryNetworkInterfaceId"]
		r.Outputs["privateIp"], r.Outputs["privateDns"] = instance.Text("privateIp"), instance.Text("privateDns")
	}
}

// reachable wants an internet gateway on the instance's VPC.
func (tx *Tx) reachable(instance string) error {
	if vpc := tx.vpcOf(tx.Find(instance, instanceToken)); !tx.attached(vpc) {
		return refuse("Gateway.NotAttached", "Network %s is not attached to any internet gateway", vpc)
	}
	return nil
}

func eipAssociationType() *Type {
	allocation := &Reference{[]string{eipToken}, "InvalidAllocationID.NotFound", "The allocation ID '%s' does not exist", Block}
	return &Type{
		Token: eipAssociationToken, Noun: "EC2 EIP Association", Prefix: "eipassoc-",
		Inputs: map[string]Property{
			"allocationId":       {Required: true, Replace: true, Refers: allocation},
			"allowReassociation": {Kind: Bool, Replace: true, Default: false},
			"instanceId":         {Required: true, Replace: true, Refers: toInstance(Cascade)},
			"networkInterfaceId": {Absent: true},
			"privateIpAddress":   {Replace: true, Filled: true},
			"publicIp":           {Absent: true},
		},
		Computed: []string{"networkInterfaceId", "privateIpAddress", "publicIp"},
		Create: func(tx *Tx, r *Record) error {
			eip, instance := tx.Find(r.Text("allocationId"), eipToken), tx.Find(r.Text("instanceId"), instanceToken)
			if err := tx.reachable(instance.ID); err != nil {
				return err
			}
			if want := r.Inputs.Text("privateIpAddress"); want != "" && want != instance.Text("privateIp") {
				return refuse("InvalidParameterValue", "Address %s is not assigned to instance %s", want, instance.ID)
			}
			again := r.Inputs.Flag("allowReassociation", false)
			for _, other := range tx.All(eipAssociationToken) {
				switch {
				case other == r:
				case other.Text("allocationId") == eip.ID && !again:
					return refuse("Resource.AlreadyAssociated", "resource %s is already associated with associate-id %s", eip.ID, other.ID)
				case other.Text("instanceId") == instance.ID && !again:
					return refuse("Resource.AlreadyAssociated", "resource %s is already associated with associate-id %s", instance.Text("primaryNetworkInterfaceId"), other.ID)
				case other.Text("allocationId") == eip.ID || other.Text("instanceId") == instance.ID:
					tx.remove(other)
				}
			}
			r.Outputs["networkInterfaceId"] = instance.Outputs["primaryNetworkInterfaceId"]
			r.Outputs["privateIpAddress"] = instance.Text("privateIp")
			r.Outputs["publicIp"] = eip.Text("publicIp")
			return nil
		},
	}
}
