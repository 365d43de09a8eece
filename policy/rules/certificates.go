package rules

import (
	"time"

	"ecommerce-platform/policy/model"
)

// renewalTime is how long before its end a certificate should be renewed.
const renewalTime = 30 * 24 * time.Hour

// certificatesLast reads what the cluster said of its certificates when it was last touched. Kubelets renew their own in
// time, so what is said of those may be too early an end, never too late a one.
func certificatesLast(j *judge) {
	for _, cluster := range j.of(model.ClusterType) {
		if !j.known(cluster, "certificates") {
			continue
		}
		list, _ := cluster.List("certificates")
		for _, item := range list {
			certificate, _ := item.(map[string]any)
			end, err := time.Parse(time.RFC3339, text(certificate, "expires"))
			if err != nil {
				continue
			}
			name := text(certificate, "name") + " of node " + text(certificate, "node")
			switch left := time.Until(end); {
			case left <= 0:
				j.fail(cluster, "certificate %s expired on %s", name, end.Format(time.DateOnly))
			case left < renewalTime:
				j.fail(cluster, "certificate %s expires on %s, in %d days", name, end.Format(time.DateOnly), int(left.Hours()/24))
			}
		}
	}
}

func text(object map[string]any, key string) string {
	value, _ := object[key].(string)
	return value
}
