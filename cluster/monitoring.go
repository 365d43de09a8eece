package cluster

import "fmt"

// MonitoringPort is where the monitoring agent serves its metrics, on the node's private address.
const MonitoringPort = 9100

const (
	agentName      = "node-exporter"
	agentNamespace = "kube-system"
)

// agentRequests is what the scheduler sets aside for the agent.
var agentRequests = map[string]string{"cpu": "50m", "memory": "64Mi"}

// nobody is the user and the group of the exporter's image.
const nobody = 65534

// The parts of a Pod that the agent uses.
type (
	podSpec struct {
		HostNetwork                   bool               `json:"hostNetwork"`
		HostPID                       bool               `json:"hostPID"`
		AutomountServiceAccountToken  bool               `json:"automountServiceAccountToken"`
		PriorityClassName             string             `json:"priorityClassName"`
		Priority                      int                `json:"priority"`
		TerminationGracePeriodSeconds int                `json:"terminationGracePeriodSeconds"`
		SecurityContext               podSecurityContext `json:"securityContext"`
		Tolerations                   []toleration       `json:"tolerations"`
		Containers                    []container        `json:"containers"`
		Volumes                       []volume           `json:"volumes"`
	}
	podSecurityContext struct {
		RunAsNonRoot   bool           `json:"runAsNonRoot"`
		RunAsUser      int            `json:"runAsUser"`
		RunAsGroup     int            `json:"runAsGroup"`
		SeccompProfile seccompProfile `json:"seccompProfile"`
	}
	seccompProfile struct {
		Type string `json:"type"`
	}
	toleration struct {
		Operator string `json:"operator"`
	}
	container struct {
		Name            string                   `json:"name"`
		Image           string                   `json:"image"`
		Args            []string                 `json:"args"`
		Ports           []containerPort          `json:"ports"`
		Resources       resources                `json:"resources"`
		ReadinessProbe  probe                    `json:"readinessProbe"`
		LivenessProbe   probe                    `json:"livenessProbe"`
		SecurityContext containerSecurityContext `json:"securityContext"`
		VolumeMounts    []volumeMount            `json:"volumeMounts"`
	}
	containerPort struct {
		Name          string `json:"name"`
		ContainerPort int    `json:"containerPort"`
		HostPort      int    `json:"hostPort"`
	}
	resources struct {
		Requests map[string]string `json:"requests"`
		Limits   map[string]string `json:"limits"`
	}
	probe struct {
		HTTPGet        httpGet `json:"httpGet"`
		PeriodSeconds  int     `json:"periodSeconds"`
		TimeoutSeconds int     `json:"timeoutSeconds"`
	}
	httpGet struct {
		Host string `json:"host"`
		Port int    `json:"port"`
		Path string `json:"path"`
	}
	containerSecurityContext struct {
		AllowPrivilegeEscalation bool         `json:"allowPrivilegeEscalation"`
		ReadOnlyRootFilesystem   bool         `json:"readOnlyRootFilesystem"`
		Capabilities             capabilities `json:"capabilities"`
	}
	capabilities struct {
		Drop []string `json:"drop"`
	}
	volumeMount struct {
		Name             string `json:"name"`
		MountPath        string `json:"mountPath"`
		ReadOnly         bool   `json:"readOnly"`
		MountPropagation string `json:"mountPropagation"`
	}
	volume struct {
		Name     string   `json:"name"`
		HostPath hostPath `json:"hostPath"`
	}
	hostPath struct {
		Path string `json:"path"`
		Type string `json:"type"`
	}
)

// staticPodYAML is the monitoring agent of a node. It shares the node's process and network
// namespaces, because it reports on the node and not on a pod; it can read all of it and write nothing.
func (a *Args) staticPodYAML(node Node) (string, error) {
	healthy := probe{
		HTTPGet:        httpGet{Host: node.PrivateIP, Port: MonitoringPort, Path: "/"},
		PeriodSeconds:  10,
		TimeoutSeconds: 5,
	}
	return documents(object{
		typeMeta: typeMeta{"v1", "Pod"},
		Metadata: objectMeta{
			Name:      agentName,
			Namespace: agentNamespace,
			Labels: map[string]string{
				"app.kubernetes.io/name":      agentName,
				"app.kubernetes.io/component": "monitoring",
				"app.kubernetes.io/part-of":   "ecommerce-platform",
			},
		},
		Spec: podSpec{
			HostNetwork:                   true,
			HostPID:                       true,
			PriorityClassName:             "system-node-critical",
			Priority:                      2000001000, // of that class; a static pod is not given it by the API server
			TerminationGracePeriodSeconds: 5,
			SecurityContext: podSecurityContext{
				RunAsNonRoot: true, RunAsUser: nobody, RunAsGroup: nobody,
				SeccompProfile: seccompProfile{Type: "RuntimeDefault"},
			},
			Tolerations: []toleration{{Operator: "Exists"}},
			Containers: []container{{
				Name:  agentName,
				Image: a.NodeExporterImage,
				Args: []string{
					// Not on every address: the node has a public one as well.
					fmt.Sprintf("--web.listen-address=%s:%d", node.PrivateIP, MonitoringPort),
					"--path.rootfs=/host",
					"--path.procfs=/host/proc",
					"--path.sysfs=/host/sys",
				},
				Ports: []containerPort{{Name: "metrics", ContainerPort: MonitoringPort, HostPort: MonitoringPort}},
				Resources: resources{
					Requests: agentRequests,
					Limits:   map[string]string{"memory": "128Mi"},
				},
				ReadinessProbe: healthy,
				LivenessProbe:  healthy,
				SecurityContext: containerSecurityContext{
					ReadOnlyRootFilesystem: true,
					Capabilities:           capabilities{Drop: []string{"ALL"}},
				},
				// HostToContainer: a disk mounted later is measured as well.
				VolumeMounts: []volumeMount{{Name: "host", MountPath: "/host", ReadOnly: true, MountPropagation: "HostToContainer"}},
			}},
			Volumes: []volume{{Name: "host", HostPath: hostPath{Path: "/", Type: "Directory"}}},
		},
	})
}
