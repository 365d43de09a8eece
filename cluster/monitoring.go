package cluster

import (
	"fmt"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/cluster/step"
	"ecommerce-platform/infra/boundary"
)

// MonitoringPort is where the monitoring agent serves its metrics, on the node's private address.
const MonitoringPort = 9100

// etcdMetricsPort is kubeadm's own, for the metrics of etcd without what is in it.
const etcdMetricsPort = 2381

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
				Args:  a.agentArguments(node),
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

// agentArguments are those of the agent of a node. On the control plane it tells of backups, too, what scripts/told.sh writes down.
func (a *Args) agentArguments(node Node) []string {
	arguments := []string{
		// Not on every address: the node has a public one as well.
		fmt.Sprintf("--web.listen-address=%s:%d", node.PrivateIP, MonitoringPort),
		"--path.rootfs=/host",
		"--path.procfs=/host/proc",
		"--path.sysfs=/host/sys",
	}
	if node.Role == boundary.ControlPlane && a.Backup.Destination != "" {
		arguments = append(arguments, "--collector.textfile.directory=/host/var/lib/prometheus/node-exporter")
	}
	return arguments
}

// measureNetwork has Calico tell what it does, on port 9091 of every node. The object is Calico's, which makes it when its first pod starts.
// https://docs.tigera.io/calico/latest/reference/resources/felixconfig
func (k *objects) measureNetwork(args *Args, ready pulumi.Resource) error {
	if !args.Monitoring {
		return nil
	}
	_, err := apiextensions.NewCustomResourcePatch(k.ctx, k.prefix+"-felix", &apiextensions.CustomResourcePatchArgs{
		ApiVersion:  pulumi.String(calicoAPI),
		Kind:        pulumi.String("FelixConfiguration"),
		Metadata:    managed(metav1.ObjectMetaArgs{Name: pulumi.String("default")}),
		OtherFields: kubernetes.UntypedArgs{"spec": map[string]any{"prometheusMetricsEnabled": true}},
	}, k.options(args.controlPlane().Instance, ready)...)
	return err
}

// monitor runs the monitoring agent as a static pod on the nodes that are to have one.
func monitor(members []*node) error {
	for _, n := range members {
		if n.node.Monitoring {
			if err := monitorNode(n); err != nil {
				return err
			}
		}
	}
	return nil
}

func monitorNode(n *node) error {
	_, err := n.Run(step.Step{
		Name: "monitoring", Script: "static-pod.sh", Limit: 600, Files: []string{staticPodFile}, After: []*step.Done{n.joined},
		Settings: []step.Setting{
			step.Set("ACTION", pulumi.String("install")),
			step.Set("MANIFEST", pulumi.String(staticPodFile)),
			step.Set("HEALTH", pulumi.Sprintf("http://%s:%d/", n.node.PrivateIP, MonitoringPort)),
		},
		Undo: &step.Undo{Script: "static-pod.sh", Limit: 120, Settings: []step.Setting{
			step.Set("ACTION", pulumi.String("remove")),
			step.Set("MANIFEST", pulumi.String(staticPodFile)),
		}},
	})
	return err
}
