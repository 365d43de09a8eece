package workloads

import (
	"ecommerce-platform/infra/boundary"
	"ecommerce-platform/workloads/metricsserver"
	"ecommerce-platform/workloads/monitoring"
)

// measure runs metrics-server, where it is asked for.
func (to *target) measure() (err error) {
	if !to.args.MetricsServer {
		return nil
	}
	to.metrics, err = metricsserver.New(to.ctx, to.name, &metricsserver.Args{
		Image: to.args.MetricsServerImage, Kubeconfig: to.args.Kubeconfig, PodCidr: to.args.PodCidr, Taints: to.taints(),
		Labels: platformLabels(), Annotations: annotations(), Options: to.options(),
	})
	return err
}

// watch runs what watches the platform, where it is asked for. Nothing waits for it.
func (to *target) watch() error {
	if !to.args.Monitoring.Enabled {
		return nil
	}
	return monitoring.New(to.ctx, to.name, &monitoring.Args{
		Settings: to.args.Monitoring, Alerting: to.args.Alerting, Key: to.args.DatabasePassword, Images: to.args.MonitoringImages, Shop: to.args.Namespace, PodCidr: to.args.PodCidr, Taints: to.taints(),
		Labels: platformLabels(), Annotations: annotations(), Options: to.options(),
	})
}

// taints are those of all workers.
func (to *target) taints() []boundary.Taint {
	var taints []boundary.Taint
	for _, node := range to.args.Nodes {
		taints = append(taints, node.Taints...)
	}
	return taints
}
