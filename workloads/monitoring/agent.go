package monitoring

import (
	"fmt"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/workloads/podspec"
)

const (
	agent = "vlagent"
	// AgentPort is where the agent takes journals, on 127.0.0.1 of its node, and answers for its metrics.
	AgentPort = 9429
	// agentNamespace is that of what belongs to nodes, where no Pod Security Standard is enforced. Only the standard privileged admits
	// directories of the node, so no other namespace could be stricter, and that of this package keeps restricted.
	agentNamespace = "kube-system"

	agentDirectory = "/var/lib/vlagent"
	nodeVariable   = "NODE_NAME"
)

// agentDirectories are those of the node that it reads.
var agentDirectories = []struct{ name, path string }{
	{"containers", "/var/log/containers"}, // links to the files of the next one
	{"pods", "/var/log/pods"},
	{"kubernetes", "/var/log/kubernetes"}, // empty but on the control plane
}

// agentArgs are vlagent's. Where it was in each file it keeps in its directory, and there too what VictoriaLogs does not take yet.
// https://docs.victoriametrics.com/victorialogs/vlagent/
func agentArgs() []string {
	return []string{
		fmt.Sprintf("-httpListenAddr=:%d", AgentPort),
		"-tmpDataPath=" + agentDirectory,
		fmt.Sprintf("-remoteWrite.url=http://%s.%s.svc:%d/insert/native", victoriaLogs, Namespace, LogsPort),
		// A little more than one of its files.
		"-remoteWrite.maxDiskUsagePerURL=600MiB",
		"-memory.allowedBytes=32MiB",
		"-kubernetesCollector",
		// As a pattern, since a file that is named has to be on every node. Files that the API server has closed have other names.
		"-fileCollector.glob=/var/log/kubernetes/*/audit.log",
		"-fileCollector.timeField=stageTimestamp",
		"-fileCollector.msgField=requestURI",
		"-fileCollector.fileField=", "-fileCollector.hostnameField=",
		`-fileCollector.extraFields={"stream":"audit","node":"$(` + nodeVariable + `)"}`,
		"-fileCollector.streamFields=stream,node",
	}
}

// deployAgent collects, on every node, what containers write, the journal that systemd-journal-upload hands on, and the audit log.
func (w *watch) deployAgent() error {
	c := &component{
		name: agent, namespace: agentNamespace, image: w.Images.Agent, args: agentArgs(), port: AgentPort,
		cpu: "10m", memory: "24Mi", limit: "128Mi",
		alive: question{"/health", httpPort}, ready: question{"/health", httpPort},
		mounts: []mount{
			{"data", agentDirectory, hostDirectory(agentDirectory), false},
			{"credentials", podspec.Credentials, corev1.VolumeArgs{Projected: podspec.TokenAuthorityAndNamespace()}, true},
		},
	}
	for _, d := range agentDirectories {
		c.mounts = append(c.mounts, mount{d.name, d.path, hostDirectory(d.path), true})
	}
	account, err := w.account(c)
	if err != nil {
		return err
	}
	rights, err := w.grant(c, rbacv1.PolicyRuleArray{
		rbacv1.PolicyRuleArgs{ApiGroups: words(""), Resources: words("pods"), Verbs: words("get", "list", "watch")},
		rbacv1.PolicyRuleArgs{ApiGroups: words(""), Resources: words("nodes"), Verbs: words("get")},
		rbacv1.PolicyRuleArgs{ApiGroups: words(""), Resources: words("namespaces"), Verbs: words("list")},
	})
	if err != nil {
		return err
	}
	waits := append(append(rights, w.bounds...), account)
	_, err = appsv1.NewDaemonSet(w.ctx, w.child(c.name), &appsv1.DaemonSetArgs{
		Metadata: w.metaOf(c),
		Spec: appsv1.DaemonSetSpecArgs{
			Selector:             metav1.LabelSelectorArgs{MatchLabels: selector(c.name)},
			RevisionHistoryLimit: pulumi.Int(3),
			Template:             corev1.PodTemplateSpecArgs{Metadata: metav1.ObjectMetaArgs{Labels: w.labels(c.name)}, Spec: w.agentPod(c)},
		},
	}, w.options(waits...)...)
	return err
}

// agentPod runs as root, whose the files are that it reads and that nobody else may read, the audit log above all. It has none of root's
// capabilities, so it reads and writes only what is root's own, and of that only what is mounted.
func (w *watch) agentPod(c *component) corev1.PodSpecArgs {
	pod := w.pod(c)
	pod.PriorityClassName = pulumi.String("system-node-critical")
	pod.Affinity = nil
	pod.Tolerations = corev1.TolerationArray{corev1.TolerationArgs{Operator: pulumi.String("Exists")}}
	pod.SecurityContext = corev1.PodSecurityContextArgs{
		RunAsUser: pulumi.Int(0), RunAsGroup: pulumi.Int(0),
		SeccompProfile: corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
	}
	container := c.container(c.mounts)
	container.Env = corev1.EnvVarArray{corev1.EnvVarArgs{
		Name: pulumi.String(nodeVariable),
		ValueFrom: corev1.EnvVarSourceArgs{FieldRef: corev1.ObjectFieldSelectorArgs{
			ApiVersion: pulumi.String("v1"), FieldPath: pulumi.String("spec.nodeName"),
		}},
	}}
	// The node sends its journal there. No other machine gets to that address.
	container.Ports = corev1.ContainerPortArray{corev1.ContainerPortArgs{
		Name: pulumi.String(httpPort), ContainerPort: pulumi.Int(c.port), Protocol: pulumi.String("TCP"),
		HostIP: pulumi.String("127.0.0.1"), HostPort: pulumi.Int(c.port),
	}}
	pod.Containers = corev1.ContainerArray{container}
	return pod
}

// hostDirectory is a directory of the node, made where it is missing.
func hostDirectory(path string) corev1.VolumeArgs {
	return corev1.VolumeArgs{HostPath: corev1.HostPathVolumeSourceArgs{Path: pulumi.String(path), Type: pulumi.String("DirectoryOrCreate")}}
}
