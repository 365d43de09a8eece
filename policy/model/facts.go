package model

import (
	"encoding/json"
	"time"
)

// readFacts reads the plain values that the cluster component publishes, and the pool where there is no such component.
func (s *Stack) readFacts() {
	for _, cluster := range s.Of(ClusterType) {
		s.Facts.PodCidr, _ = cluster.Text("podCidr")
		s.Facts.ServiceCidr, _ = cluster.Text("serviceCidr")
		s.Facts.KubernetesVersion, _ = cluster.Text("kubernetesVersion")
		s.Facts.ContainerdVersion, _ = cluster.Text("containerdVersion")
		s.Facts.CalicoVersion, _ = cluster.Text("calicoVersion")
		s.Facts.CertificateRenewal, _ = cluster.Text("certificateRenewal")
		s.Facts.OSUpdate, _ = cluster.Text("osUpdate")
		if silence, _ := cluster.Text("nodeMonitorGracePeriod"); silence != "" {
			s.Facts.NodeMonitorGracePeriod, _ = time.ParseDuration(silence)
		}
		s.Facts.APIServer, _ = cluster.Map("apiServer")
		s.readSources(cluster)
		kubelet, known := cluster.Map("kubelet")
		if !known {
			s.NotEvaluated(cluster, "kubelet")
			continue
		}
		// Fields of other types than the kubelet's own are for its API server to refuse.
		if body, err := json.Marshal(kubelet); err == nil {
			_ = json.Unmarshal(body, &s.Kubelet)
		}
	}
}

// Source is what nodes open connections to, away from each other.
type Source struct {
	// What is fetched there or brought there, such as packages, and URL the place.
	What string `json:"what"`
	URL  string `json:"url"`
	// Role tells which nodes do; empty is every one.
	Role string `json:"role"`
	// Public tells that the host is on the internet. Another one may be anywhere.
	Public bool `json:"public"`
	// Registries are those whose images it has, by name, such as docker.io.
	Registries []string `json:"registries"`
}

func (s *Stack) readSources(cluster *Resource) {
	if unknown := cluster.UnknownBelow("sources"); len(unknown) > 0 {
		s.NotEvaluated(cluster, "sources")
		return
	}
	list, _ := cluster.List("sources")
	if body, err := json.Marshal(list); err == nil {
		_ = json.Unmarshal(body, &s.Sources)
	}
}

// Layers returns which of infra, cluster and workloads this stack holds.
func (s *Stack) Layers() []string {
	var layers []string
	for _, layer := range []struct{ name, token string }{
		{"infra", InfraType}, {"cluster", ClusterType}, {"workloads", WorkloadsType},
	} {
		if len(s.Of(layer.token)) > 0 {
			layers = append(layers, layer.name)
		}
	}
	return layers
}
