package twin

import "context"

// instanceStateType says whether an instance runs. It makes nothing and its deletion ends nothing. On AWS its identifier is the
// instance's, which in this account's table is taken.
func instanceStateType() *Type {
	return &Type{
		Token: instanceStateToken, Noun: "EC2 Instance State",
		Inputs: map[string]Property{
			"force":      {Kind: Bool, Default: false},
			"instanceId": {Required: true, Replace: true, Refers: toInstance(Cascade)},
			"state":      {Required: true, Enum: []string{"running", "stopped"}},
		},
		ID:     func(in Values) string { return in.Text("instanceId") + "-state" },
		Taken:  &Refusal{"IncorrectState", "The state of this instance is managed already"},
		Create: func(tx *Tx, r *Record) error { return tx.power(r) },
		Update: func(tx *Tx, _ Values, r *Record) error { return tx.power(r) },
		Refresh: func(tx *Tx, r *Record) {
			if instance := tx.Find(r.Text("instanceId"), instanceToken); instance != nil {
				r.Inputs["state"] = instance.Text("instanceState")
			}
		},
	}
}

// power gives the instance the state that is asked for.
func (tx *Tx) power(r *Record) error {
	instance := tx.Find(r.Text("instanceId"), instanceToken)
	instance.Outputs["instanceState"] = r.Text("state")
	return nil
}

// press starts or stops the machine of an instance, where it has one.
func (p *Provider) press(ctx context.Context, r *Record) error {
	var container string
	err := p.with(ctx, func(tx *Tx) error {
		container = tx.Find(r.Text("instanceId"), instanceToken).Container
		return nil
	})
	if err != nil {
		return err
	}
	on := r.Text("state") == "running"
	p.log.Status(ctx, r.URN, "%s container %s", map[bool]string{true: "starting", false: "stopping"}[on], container)
	return p.machines.Power(ctx, container, on)
}
