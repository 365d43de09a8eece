package monitoring

import (
	"cmp"
	"maps"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/workloads/podspec"
)

// httpPort is the name of the port where a component answers, its metrics among the rest.
const httpPort = "http"

// component is one program in one pod. Its name is that of its Deployment, Service, account and budget.
type component struct {
	name, image string
	// namespace is where it runs. Default, Namespace.
	namespace string
	args      []string
	port      int // named http
	others    []port
	// cpu and memory are requested; memory may grow to limit.
	cpu, memory, limit string
	alive, ready       question
	mounts             []mount
	// asksAPI gives the pod a token.
	asksAPI bool
	// after is what pods need to start.
	after []pulumi.Resource
}

// place is the namespace that the component runs in.
func (c *component) place() string { return cmp.Or(c.namespace, Namespace) }

// port is one more that the container listens on.
type port struct {
	name   string
	number int
}

// question is one that tells how the container is.
type question struct{ path, port string }

// mount is a directory of the container that is not its read-only root.
type mount struct {
	name, path string
	source     corev1.VolumeArgs // less its name
	readOnly   bool
}

// deploy makes the component's account, its Deployment, its Service and its disruption budget.
func (w *watch) deploy(c *component) error {
	account, err := w.account(c)
	if err != nil {
		return err
	}
	waits := append(append(c.after, w.bounds...), account)
	if _, err := appsv1.NewDeployment(w.ctx, w.child(c.name), &appsv1.DeploymentArgs{
		Metadata: w.meta(c.name, c.name),
		Spec: appsv1.DeploymentSpecArgs{
			Replicas: pulumi.Int(1),
			Selector: metav1.LabelSelectorArgs{MatchLabels: selector(c.name)},
			// Two at once would tell everything twice.
			Strategy:             appsv1.DeploymentStrategyArgs{Type: pulumi.String("Recreate")},
			RevisionHistoryLimit: pulumi.Int(3),
			Template:             corev1.PodTemplateSpecArgs{Metadata: metav1.ObjectMetaArgs{Labels: w.labels(c.name)}, Spec: w.pod(c)},
		},
	}, w.options(waits...)...); err != nil {
		return err
	}
	if _, err := policyv1.NewPodDisruptionBudget(w.ctx, w.child(c.name), &policyv1.PodDisruptionBudgetArgs{
		Metadata: w.meta(c.name, c.name),
		Spec: policyv1.PodDisruptionBudgetSpecArgs{
			MaxUnavailable: pulumi.Int(1), UnhealthyPodEvictionPolicy: pulumi.String("AlwaysAllow"),
			Selector: metav1.LabelSelectorArgs{MatchLabels: selector(c.name)},
		},
	}, w.options()...); err != nil {
		return err
	}
	return w.serve(c)
}

func (w *watch) account(c *component) (pulumi.Resource, error) {
	return corev1.NewServiceAccount(w.ctx, w.child(c.name), &corev1.ServiceAccountArgs{
		Metadata: w.metaOf(c), AutomountServiceAccountToken: pulumi.Bool(false),
	}, w.options()...)
}

// serve makes the Service, by which other components and `kubectl port-forward` know the pod.
func (w *watch) serve(c *component) error {
	meta := w.meta(c.name, c.name)
	// The Deployment waits for its pods anyway.
	annotations := maps.Clone(w.Annotations)
	annotations["pulumi.com/skipAwait"] = pulumi.String("true")
	meta.Annotations = annotations
	_, err := corev1.NewService(w.ctx, w.child(c.name), &corev1.ServiceArgs{
		Metadata: meta,
		Spec: corev1.ServiceSpecArgs{
			Type: pulumi.String("ClusterIP"), Selector: selector(c.name),
			Ports: corev1.ServicePortArray{corev1.ServicePortArgs{
				Name: pulumi.String(httpPort), Port: pulumi.Int(c.port), TargetPort: pulumi.String(httpPort), Protocol: pulumi.String("TCP"),
			}},
		},
	}, w.options()...)
	return err
}

// pod keeps the Pod Security Standard restricted.
func (w *watch) pod(c *component) corev1.PodSpecArgs {
	mounts := c.mounts
	if c.asksAPI {
		// The token comes in this volume, for as long as it is good, and with nothing else.
		mounts = append(mounts, mount{"credentials", podspec.Credentials, corev1.VolumeArgs{Projected: podspec.TokenAndAuthority()}, true})
	}
	volumes := corev1.VolumeArray{}
	for _, m := range mounts {
		volume := m.source
		volume.Name = pulumi.String(m.name)
		volumes = append(volumes, volume)
	}
	return corev1.PodSpecArgs{
		ServiceAccountName:           pulumi.String(c.name),
		AutomountServiceAccountToken: pulumi.Bool(false),
		EnableServiceLinks:           pulumi.Bool(false),
		// A worker: the security groups have rows from there.
		Affinity:    corev1.AffinityArgs{NodeAffinity: podspec.OnWorkers()},
		Tolerations: append(podspec.Tolerations(w.Taints), untilLost()...),
		SecurityContext: corev1.PodSecurityContextArgs{
			RunAsNonRoot: pulumi.Bool(true), RunAsUser: pulumi.Int(podspec.Nobody), RunAsGroup: pulumi.Int(podspec.Nobody), FsGroup: pulumi.Int(podspec.Nobody),
			FsGroupChangePolicy: pulumi.String("OnRootMismatch"),
			SeccompProfile:      corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
		},
		Containers: corev1.ContainerArray{c.container(mounts)},
		Volumes:    volumes,
	}
}

// untilLost has pods leave a node that does not answer much sooner than the 300 seconds that Kubernetes gives it: that is when they are needed.
func untilLost() corev1.TolerationArray {
	list := corev1.TolerationArray{}
	for _, taint := range []string{"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"} {
		list = append(list, corev1.TolerationArgs{
			Key: pulumi.String(taint), Operator: pulumi.String("Exists"), Effect: pulumi.String("NoExecute"), TolerationSeconds: pulumi.Int(30),
		})
	}
	return list
}

func (c *component) container(mounts []mount) corev1.ContainerArgs {
	ports := corev1.ContainerPortArray{}
	for _, p := range append([]port{{httpPort, c.port}}, c.others...) {
		ports = append(ports, corev1.ContainerPortArgs{Name: pulumi.String(p.name), ContainerPort: pulumi.Int(p.number), Protocol: pulumi.String("TCP")})
	}
	places := corev1.VolumeMountArray{}
	for _, m := range mounts {
		place := corev1.VolumeMountArgs{Name: pulumi.String(m.name), MountPath: pulumi.String(m.path)}
		if m.readOnly {
			place.ReadOnly = pulumi.Bool(true)
		}
		places = append(places, place)
	}
	return corev1.ContainerArgs{
		Name: pulumi.String(c.name), Image: pulumi.String(c.image), ImagePullPolicy: pulumi.String("IfNotPresent"),
		Args: pulumi.ToStringArray(c.args), Ports: ports,
		Resources: corev1.ResourceRequirementsArgs{
			Requests: pulumi.ToStringMap(map[string]string{"cpu": c.cpu, "memory": c.memory}),
			Limits:   pulumi.ToStringMap(map[string]string{"memory": c.limit}),
		},
		SecurityContext: corev1.SecurityContextArgs{
			AllowPrivilegeEscalation: pulumi.Bool(false), Privileged: pulumi.Bool(false), ReadOnlyRootFilesystem: pulumi.Bool(true),
			Capabilities: corev1.CapabilitiesArgs{Drop: pulumi.ToStringArray([]string{"ALL"})},
		},
		StartupProbe: c.alive.probe(30), ReadinessProbe: c.ready.probe(3), LivenessProbe: c.alive.probe(6),
		VolumeMounts: places,
	}
}

func (q question) probe(failures int) corev1.ProbeArgs {
	return corev1.ProbeArgs{
		HttpGet:       corev1.HTTPGetActionArgs{Path: pulumi.String(q.path), Port: pulumi.String(q.port)},
		PeriodSeconds: pulumi.Int(10), TimeoutSeconds: pulumi.Int(5), FailureThreshold: pulumi.Int(failures),
	}
}
