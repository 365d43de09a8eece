package infra

import "fmt"

// Quotas of an account in a region, unless they were raised.
// https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
const (
	addressQuota = 5  // L-0263D0A3
	ruleQuota    = 60 // L-0EA8095F, inbound and outbound each
)

// warn tells in the preview already which quota of a new account the platform would break. It is no error: a raised quota is
// not seen from here.
func (b *builder) warn() error {
	for _, warning := range b.beyondQuotas() {
		if err := b.ctx.Log.Warn(warning+" (see docs/aws.md)", nil); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) beyondQuotas() []string {
	var found []string
	if n := len(b.args.Nodes); n > addressQuota {
		found = append(found, fmt.Sprintf("nodes (%d): each takes an Elastic IP, and an account has %d in a region unless its quota L-0263D0A3 was raised", n, addressQuota))
	}
	inbound := map[string]int{}
	for _, rule := range rules(b.args) {
		if !rule.egress {
			inbound[rule.group] += max(1, len(b.blocks(rule.peer)))
		}
	}
	for _, group := range []string{groupNode, groupControlPlane, groupWorker} {
		if n := inbound[group]; n > ruleQuota {
			found = append(found, fmt.Sprintf("adminCidrs, clientCidrs: make %d rules of the security group %s, and one has %d unless the quota L-0EA8095F was raised", n, group, ruleQuota))
		}
	}
	return found
}
