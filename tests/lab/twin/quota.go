package twin

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Quotas are what an account has in a region unless they were raised.
// https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
// https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html
type Quotas struct {
	// Addresses is L-0263D0A3, VPCs L-F678F1CE, and Rules L-0EA8095F, for each direction of a group.
	Addresses, VPCs, Rules int
	// VCPUs is L-1216C47A, of running standard instances. New accounts often have 5, which the platform's three nodes exceed.
	VCPUs int
}

// defaultQuotas are those of an account that has run machines for a while.
var defaultQuotas = Quotas{Addresses: 5, VPCs: 5, Rules: 60, VCPUs: 32}

// parseQuotas lays text such as "vcpus=5,addresses=6" over the defaults.
func parseQuotas(text string) (Quotas, error) {
	quotas := defaultQuotas
	err := parseNumbers("TWIN_QUOTAS", text, map[string]*int{
		"addresses": &quotas.Addresses, "vpcs": &quotas.VPCs, "rules": &quotas.Rules, "vcpus": &quotas.VCPUs,
	})
	return quotas, err
}

// parseNumbers sets the fields that the text of an environment variable names.
func parseNumbers(variable, text string, fields map[string]*int) error {
	for _, setting := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' }) {
		name, value, _ := strings.Cut(setting, "=")
		field := fields[name]
		n, err := strconv.Atoi(value)
		if field == nil || err != nil || n < 0 {
			return fmt.Errorf("%s %q: must be a list of name=number, names %s", variable, setting, strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
		}
		*field = n
	}
	return nil
}

// checkCount refuses what is one too many of its type. The resource itself is among those that are counted.
func (tx *Tx) checkCount(token string, quota int, code, message string) error {
	if len(tx.All(token)) > quota {
		return refuse(code, "%s", message)
	}
	return nil
}

// standard are the first letters of the families that share one quota.
const standard = "acdhimrtz"

// checkVCPUs refuses to run more than the account may.
func (tx *Tx) checkVCPUs() error {
	used := 0
	for _, instance := range tx.All(instanceToken) {
		name := instance.Text("instanceType")
		if instance.Text("instanceState") != "stopped" && name != "" && slices.Contains([]byte(standard), name[0]) {
			used += sizeOf(name).CPUs
		}
	}
	if used > tx.Quotas.VCPUs {
		return refuse("VcpuLimitExceeded", "You have requested more vCPU capacity than your current vCPU limit of %d allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.", tx.Quotas.VCPUs)
	}
	return nil
}
