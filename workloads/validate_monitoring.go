package workloads

import "ecommerce-platform/workloads/monitoring"

func (p *problems) monitoring(a *Args) {
	switch on := a.Monitoring.Enabled; {
	case !on && a.Alerting != (monitoring.Alerting{}):
		p.Addf("alerting <secret>: has no use without monitoring.enabled, set it to true")
		return
	case !on:
		return
	}
	p.Append(a.Monitoring.Validate()...)
	p.Append(a.Alerting.Validate()...)
	if a.Namespace == monitoring.Namespace {
		p.add("namespace", a.Namespace, "belongs to what watches the platform")
	}
	images := a.MonitoringImages
	p.image("victoriaMetricsImage", images.VictoriaMetrics, "victoria-metrics:v1.151.0")
	p.image("kubeStateMetricsImage", images.KubeStateMetrics, "kube-state-metrics:v2.16.0")
	p.image("vmalertImage", images.VMAlert, "vmalert:v1.151.0")
	p.image("victoriaLogsImage", images.VictoriaLogs, "victoria-logs:v1.52.1")
	p.image("vlagentImage", images.Agent, "vlagent:v1.52.1")
	p.image("alertmanagerImage", images.Alertmanager, "alertmanager:v0.28.1")
}
