package cluster

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/cluster/step"
)

// renewal is the setting that makes scripts renew certificates. A cluster that never renewed any has none.
func (a *Args) renewal() []step.Setting {
	return asked("RENEWAL", a.CertificateRenewal)
}

// listCertificates reads when the certificates of each node expire, once nothing else is left to do, and again whenever
// a node has been touched.
func listCertificates(members []*node, ready *step.Done) (pulumi.ArrayOutput, error) {
	var lists []any
	for _, member := range members {
		list, err := member.Run(step.Step{
			Name: "certificates", Script: "certificates.sh", Limit: 120, Output: step.Data,
			After: append([]*step.Done{member.joined}, member.certified...), Waits: []pulumi.Resource{ready.Command},
		})
		if err != nil {
			return pulumi.ArrayOutput{}, err
		}
		lists = append(lists, list.Stdout)
	}
	return pulumi.All(lists...).ApplyT(func(lists []any) ([]any, error) {
		all := []any{}
		for i, list := range lists {
			certificates, err := readCertificates(members[i].node.Name, list.(string))
			if err != nil {
				return nil, err
			}
			all = append(all, certificates...)
		}
		return all, nil
	}).(pulumi.ArrayOutput), nil
}

// readCertificates reads what certificates.sh prints on a node.
func readCertificates(node, text string) ([]any, error) {
	var found []any
	for line := range strings.Lines(text) {
		expires, name, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			return nil, fmt.Errorf("certificates of node %s: %q is not a time and a file", node, line)
		}
		found = append(found, map[string]any{"node": node, "name": name, "expires": expires})
	}
	return found, nil
}
