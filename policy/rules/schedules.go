package rules

import (
	"cmp"
	"strings"

	"k8s.io/kubernetes/pkg/util/parsers"
)

// schedulesValid reads schedules as the API server does.
func schedulesValid(j *judge) {
	for _, c := range j.CronJobs {
		if c.Malformed != nil || !j.known(c.Resource, "spec.schedule") {
			continue
		}
		name, schedule := cmp.Or(c.Value.Name, c.Name), c.Value.Spec.Schedule
		switch _, err := parsers.ParseCronScheduleWithPanicRecovery(schedule); {
		case err != nil:
			j.fail(c.Resource, "CronJob %s runs at %q: %v", name, schedule, err)
		case strings.Contains(schedule, "TZ"):
			j.fail(c.Resource, "CronJob %s runs at %q, and the API server takes no time zone there", name, schedule)
		}
	}
}
