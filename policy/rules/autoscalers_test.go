package rules_test

import "ecommerce-platform/policy/model/modeltest"

var autoscalerFixtures = map[string][]fixture{
	"autoscaler-has-target": {
		{"of another name", change(modeltest.Autoscaled("backend", 2, 4), set(modeltest.AutoscalerType, backend, "spec.scaleTargetRef.name", "api")),
			"scales Deployment api, which namespace ecommerce does not have", backend, ""},
		{"in another namespace", change(modeltest.Autoscaled("backend", 2, 4), set(modeltest.AutoscalerType, backend, "metadata.namespace", "default")),
			"scales Deployment backend, which namespace default does not have", backend, ""},
		{"there", change(modeltest.Autoscaled("backend", 2, 4)), "", "", ""},
		{"of an operator's kind", change(modeltest.Autoscaled("backend", 2, 4), set(modeltest.AutoscalerType, backend, "spec.scaleTargetRef.kind", "Rollout")), "", "", ""},
		{
			"it is not known", change(modeltest.Autoscaled("backend", 2, 4), modeltest.Unknown(modeltest.AutoscalerType, backend, "spec.scaleTargetRef.name")), "", "",
			modeltest.AutoscalerType + " " + backend + " spec.scaleTargetRef.name",
		},
	},
}
