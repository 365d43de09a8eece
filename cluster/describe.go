package cluster

import (
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/infra/boundary"
)

// describe is what the component tells of itself in its outputs besides what others connect to. A policy reads there what
// no single resource says: the addresses of pods and Services, and what each node is before it exists.
func (a *Args) describe() (pulumi.Map, error) {
	server, err := a.apiServer()
	if err != nil {
		return nil, err
	}
	arguments := pulumi.StringMap{}
	for _, given := range server.ExtraArgs {
		arguments[given.Name] = pulumi.String(given.Value)
	}
	nodes := pulumi.Array{}
	for _, node := range a.Nodes {
		nodes = append(nodes, node.describe())
	}
	kubelet := map[string]any{}
	maps.Copy(kubelet, a.Kubelet)
	silence := ""
	if a.NodeMonitorGracePeriod != 0 {
		silence = a.NodeMonitorGracePeriod.String()
	}
	return pulumi.Map{
		"nodeMonitorGracePeriod": pulumi.String(silence),
		"kubernetesVersion":      pulumi.String(a.KubernetesVersion),
		"containerdVersion":      pulumi.String(a.ContainerdVersion),
		"calicoVersion":          pulumi.String(a.CalicoVersion),
		"certificateRenewal":     pulumi.String(a.CertificateRenewal),
		"osUpdate":               pulumi.String(a.OSUpdate),
		"podCidr":                pulumi.String(a.PodCidr),
		"serviceCidr":            pulumi.String(a.ServiceCidr),
		"kubelet":                pulumi.ToMap(kubelet),
		"apiServer":              arguments,
		"nodes":                  nodes,
		"sources":                a.describeSources(),
		"restores":               pulumi.StringMap{"cluster": pulumi.String(a.Backup.Restore.Cluster), "data": pulumi.String(a.Backup.Restore.Data)},
	}, nil
}

func (n Node) describe() pulumi.Map {
	labels, taints := n.given()
	staticPods := pulumi.Array{}
	if n.Monitoring {
		staticPods = append(staticPods, pulumi.Map{
			"name": pulumi.String(agentName), "namespace": pulumi.String(agentNamespace),
			"requests": pulumi.ToStringMap(agentRequests), "hostPort": pulumi.Int(MonitoringPort),
		})
	}
	return pulumi.Map{
		"name": pulumi.String(n.Name), "role": pulumi.String(n.Role), "privateIp": pulumi.String(n.PrivateIP),
		"labels": pulumi.ToStringMap(labels), "taints": boundary.Describe(taints), "staticPods": staticPods,
	}
}
