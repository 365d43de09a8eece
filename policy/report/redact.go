package report

// Redact takes secrets out of every text that somebody wrote a value of the stack into.
func (r *Report) Redact(redact func(string) string) {
	each := func(texts ...*string) {
		for _, text := range texts {
			*text = redact(*text)
		}
	}
	list := func(texts []string) {
		for i := range texts {
			each(&texts[i])
		}
	}
	r.Network.redact(each)
	placements := []Placement{r.Placement}
	if r.Before != nil {
		r.Before.Network.redact(each)
		placements = append(placements, r.Before.Placement)
	}
	for _, p := range placements {
		for i := range p.Tiers {
			list(p.Tiers[i].Reasons)
			list(p.Tiers[i].Preferences)
		}
	}
	for i := range r.Rollouts {
		each(&r.Rollouts[i].Doubt, &r.Rollouts[i].Stuck, &r.Rollouts[i].Remedy)
	}
	for i := range r.Update {
		for j := range r.Update[i].Blocked {
			each(&r.Update[i].Blocked[j].Reason)
		}
	}
	for i := range r.Drains {
		each(&r.Drains[i].Doubt)
		for j := range r.Drains[i].Blocked {
			each(&r.Drains[i].Blocked[j].Reason)
		}
	}
	for i := range r.NodeLoss {
		for j := range r.NodeLoss[i].Tiers {
			each(&r.NodeLoss[i].Tiers[j].Reason)
		}
		list(r.NodeLoss[i].DataLost)
	}
	for i := range r.Growth {
		each(&r.Growth[i].Reason)
	}
	for i := range r.CronJobs {
		run := &r.CronJobs[i]
		each(&run.Doubt)
		list(run.Reasons)
		list(run.Preferences)
	}
	for i := range r.Reachability {
		each(&r.Reachability[i].Remedy)
	}
	for i := range r.Waived {
		each(&r.Waived[i].Message)
	}
	list(r.Cost.Unpriced)
}
