package workloads

import (
	"k8s.io/apimachinery/pkg/api/resource"
)

// maxWindow is Kubernetes' own bound of a stabilization window, in seconds.
const maxWindow = 3600

func (p *problems) autoscale(name string, a Application, metrics bool) {
	scale, key := a.Autoscale, name+".autoscale"
	if !scale.on() {
		return
	}
	if !metrics {
		p.Addf("metricsServer %t: %s needs it, set it to true", metrics, key)
	}
	if scale.Min < 1 {
		p.Addf("%s.min %d: must be at least 1", key, scale.Min)
	}
	if scale.Max < scale.Min {
		p.Addf("%s.max %d: less than %s.min %d", key, scale.Max, key, scale.Min)
	}
	if scale.StabilizationWindowSeconds < 0 || scale.StabilizationWindowSeconds > maxWindow {
		p.Addf("%s.stabilizationWindowSeconds %d: must be between 0 and %d", key, scale.StabilizationWindowSeconds, maxWindow)
	}
	if scale.CPU < 1 {
		p.Addf("%s.cpu %d: must be at least 1, the percent of %s.requests.cpu that its pods are to use", key, scale.CPU, name)
		return
	}
	request, errRequest := resource.ParseQuantity(a.Requests.CPU)
	limit, errLimit := resource.ParseQuantity(a.Limits.CPU)
	if errRequest == nil && errLimit == nil && request.Sign() > 0 && limit.MilliValue()*100 < int64(scale.CPU)*request.MilliValue() {
		p.Addf("%s.cpu %d: with %s.limits.cpu %q no pod ever uses as much of %s.requests.cpu %q", key, scale.CPU, name, a.Limits.CPU, name, a.Requests.CPU)
	}
}
