package rules_test

import (
	"ecommerce-platform/policy/model/modeltest"
)

const cronJobType = "kubernetes:batch/v1:CronJob"

// every declares a CronJob with a schedule.
func every(schedule string) modeltest.Change {
	return modeltest.Add(cronJobType, "shop-report", map[string]any{
		"apiVersion": "batch/v1", "kind": "CronJob", "metadata": map[string]any{"name": "report", "namespace": "ecommerce"},
		"spec": map[string]any{"schedule": schedule},
	})
}

var scheduleFixtures = map[string][]fixture{
	"schedules-valid": {
		{"six fields", change(every("0 0 3 * * *")), `CronJob report runs at "0 0 3 * * *": expected exactly 5 fields, found 6`, "shop-report", ""},
		{"no such hour", change(every("0 24 * * *")), "end of range (24) above maximum (23)", "shop-report", ""},
		{"a time zone", change(every("TZ=UTC 0 3 * * *")), "the API server takes no time zone there", "shop-report", ""},
		{"no field", change(every("TZ=0")), "invalid schedule format", "shop-report", ""},
		{"every night", change(every("0 3 * * *")), "", "", ""},
		{"a name", change(every("@daily")), "", "", ""},
		{
			"it is not known", change(every(""), modeltest.Unknown(cronJobType, "shop-report", "spec.schedule")), "", "",
			cronJobType + " shop-report spec.schedule",
		},
	},
}
