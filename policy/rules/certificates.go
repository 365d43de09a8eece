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
	j.eachListed("certificates", func(cluster *model.Resource, certificate map[string]any) {
		end, err := time.Parse(time.RFC3339, text(certificate, "expires"))
		if err != nil {
			return
		}
		name := text(certificate, "name") + " of node " + text(certificate, "node")
		switch left := time.Until(end); {
		case left <= 0:
			j.fail(cluster, "certificate %s expired on %s", name, end.Format(time.DateOnly))
		case left < renewalTime:
			j.fail(cluster, "certificate %s expires on %s, in %d days", name, end.Format(time.DateOnly), int(left.Hours()/24))
		}
	})
}

// kubeconfigsLast tells of a kubeconfig while a fifth of its time is left: whoever works with it has to get another one.
func kubeconfigsLast(j *judge) {
	j.eachListed("kubeconfigTimes", func(cluster *model.Resource, times map[string]any) {
		issued, notBefore := time.Parse(time.RFC3339, text(times, "issued"))
		end, notAfter := time.Parse(time.RFC3339, text(times, "expires"))
		if notBefore != nil || notAfter != nil {
			return
		}
		switch left := time.Until(end); {
		case left <= 0:
			j.fail(cluster, "the kubeconfig of the role %s was good until %s", text(times, "role"), end.Format(time.DateTime))
		case left < end.Sub(issued)/5:
			j.fail(cluster, "the kubeconfig of the role %s is good until %s, for %d hours", text(times, "role"), end.Format(time.DateTime), int(left.Hours()))
		}
	})
}

// eachListed calls see for every object in a list among the clusters' outputs, where that is known.
func (j *judge) eachListed(output string, see func(cluster *model.Resource, object map[string]any)) {
	for _, cluster := range j.of(model.ClusterType) {
		if !j.known(cluster, output) {
			continue
		}
		list, _ := cluster.List(output)
		for _, item := range list {
			object, _ := item.(map[string]any)
			see(cluster, object)
		}
	}
}

func text(object map[string]any, key string) string {
	value, _ := object[key].(string)
	return value
}
