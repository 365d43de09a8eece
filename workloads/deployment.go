package workloads

import (
	"slices"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// deploy makes the tier's account, its Deployment with its autoscaler, its Service and its disruption budget.
//
// The Service and the Deployment do not wait for each other: Pulumi counts a Service as made once its pods are ready.
func (to *target) deploy(t *tier, service serviceArgs) (*endpoint, error) {
	account, err := to.serviceAccount(t)
	if err != nil {
		return nil, err
	}
	pod := t.pod()
	if pullers := to.pullSecrets(); pullers != nil {
		pod.ImagePullSecrets = pullers
	}
	needs := slices.Concat(t.after, to.bounds, []pulumi.Resource{account})
	meta, notes := t.meta(to, t.name), annotations()
	replicas, options := t.replicas(notes)
	meta.Annotations = notes
	deployment, err := appsv1.NewDeployment(to.ctx, to.child(t.name), &appsv1.DeploymentArgs{
		Metadata: meta,
		Spec: appsv1.DeploymentSpecArgs{
			Replicas: replicas,
			Selector: metav1.LabelSelectorArgs{MatchLabels: t.selector()},
			Strategy: t.strategy,
			// Kubernetes calls the rollout failed, and says why, before Pulumi stops waiting.
			ProgressDeadlineSeconds: pulumi.Int(840),
			RevisionHistoryLimit:    pulumi.Int(3),
			Template: corev1.PodTemplateSpecArgs{
				Metadata: t.podMeta(),
				Spec:     pod,
			},
		},
	}, to.options(awaited(append(options, pulumi.DependsOn(needs), pulumi.ResourceHooks(to.rolledOut))...)...)...)
	if err != nil {
		return nil, err
	}
	if err := to.scale(t, deployment); err != nil {
		return nil, err
	}
	if err := to.budget(t); err != nil {
		return nil, err
	}
	return to.serve(t, service)
}

func (t *tier) podMeta() metav1.ObjectMetaArgs {
	meta := metav1.ObjectMetaArgs{Labels: t.labels()}
	if t.reads != nil {
		meta.Annotations = pulumi.StringMap{"checksum/secret": t.reads}
	}
	return meta
}

func (t *tier) pod() corev1.PodSpecArgs {
	placement := placementOf(t.name)
	volumes := corev1.VolumeArray{}
	for _, mount := range t.mounts {
		volumes = append(volumes, mount.volume())
	}
	return corev1.PodSpecArgs{
		NodeSelector:                  placement.nodeSelector(),
		Affinity:                      t.affinity,
		TopologySpreadConstraints:     t.spread(),
		Tolerations:                   placement.tolerations(),
		ServiceAccountName:            pulumi.String(t.name),
		AutomountServiceAccountToken:  pulumi.Bool(false), // no tier speaks to the API server
		EnableServiceLinks:            pulumi.Bool(t.serviceLinks),
		TerminationGracePeriodSeconds: pulumi.Int(t.grace),
		SecurityContext: corev1.PodSecurityContextArgs{
			RunAsNonRoot: pulumi.Bool(true),
			RunAsUser:    pulumi.Int(t.uid),
			RunAsGroup:   pulumi.Int(t.gid),
			FsGroup:      pulumi.Int(t.gid),
			// Always, the default, would open PostgreSQL's files to the group each time, and the server refuses that.
			FsGroupChangePolicy: pulumi.String("OnRootMismatch"),
			SeccompProfile:      corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
			Sysctls:             t.sysctls,
		},
		Containers: corev1.ContainerArray{t.container()},
		Volumes:    volumes,
	}
}

// spread counts the pods of one version. Without it the scheduler counts those of the version before as well, and so puts all pods of a new one
// where the old ones are not.
func (t *tier) spread() corev1.TopologySpreadConstraintArray {
	if !t.spreads {
		return nil
	}
	return corev1.TopologySpreadConstraintArray{corev1.TopologySpreadConstraintArgs{
		MaxSkew: pulumi.Int(1), TopologyKey: pulumi.String(hostnameKey), WhenUnsatisfiable: pulumi.String("ScheduleAnyway"),
		LabelSelector: metav1.LabelSelectorArgs{MatchLabels: t.selector()}, MatchLabelKeys: pulumi.ToStringArray([]string{"pod-template-hash"}),
	}}
}

func (t *tier) container() corev1.ContainerArgs {
	mounts := corev1.VolumeMountArray{}
	for _, mount := range t.mounts {
		mounts = append(mounts, mount.mount())
	}
	container := corev1.ContainerArgs{
		Name:            pulumi.String(t.name),
		Image:           pulumi.String(t.Image),
		ImagePullPolicy: pulumi.String("IfNotPresent"),
		Env:             t.env,
		Ports:           t.ports(),
		Resources: corev1.ResourceRequirementsArgs{
			Requests: t.Requests.quantities(),
			Limits:   t.Limits.quantities(),
		},
		SecurityContext: corev1.SecurityContextArgs{
			AllowPrivilegeEscalation: pulumi.Bool(false),
			Capabilities:             corev1.CapabilitiesArgs{Drop: pulumi.ToStringArray([]string{"ALL"})},
			Privileged:               pulumi.Bool(false),
			ReadOnlyRootFilesystem:   pulumi.Bool(true),
		},
		StartupProbe:   t.probes.startup(),
		ReadinessProbe: t.probes.readiness(),
		LivenessProbe:  t.probes.liveness(),
		VolumeMounts:   mounts,
	}
	if len(t.args) > 0 {
		container.Args = pulumi.ToStringArray(t.args)
	}
	if len(t.command) > 0 {
		container.Command = pulumi.ToStringArray(t.command)
	}
	if lifecycle := t.lifecycle(); lifecycle != (corev1.LifecycleArgs{}) {
		container.Lifecycle = lifecycle
	}
	return container
}

func (t *tier) ports() corev1.ContainerPortArray {
	ports := corev1.ContainerPortArray{containerPort(t.portName, t.port)}
	if t.metricsPort != 0 {
		ports = append(ports, containerPort(metricsPort, t.metricsPort))
	}
	return ports
}

func containerPort(name string, number int) corev1.ContainerPortArgs {
	return corev1.ContainerPortArgs{Name: pulumi.String(name), ContainerPort: pulumi.Int(number), Protocol: pulumi.String("TCP")}
}

func (t *tier) lifecycle() corev1.LifecycleArgs {
	lifecycle := corev1.LifecycleArgs{}
	if len(t.started) > 0 {
		lifecycle.PostStart = corev1.LifecycleHandlerArgs{
			Exec: corev1.ExecActionArgs{Command: pulumi.ToStringArray(t.started)},
		}
	}
	if t.drain > 0 {
		// A pod is told to stop while nodes still send it new connections; it serves them until they all know.
		lifecycle.PreStop = corev1.LifecycleHandlerArgs{Sleep: corev1.SleepActionArgs{Seconds: pulumi.Int(t.drain)}}
	}
	return lifecycle
}

// quantities is nil when nothing is set.
func (r Resources) quantities() pulumi.StringMapInput {
	quantities := pulumi.StringMap{}
	for kind, quantity := range map[string]string{"cpu": r.CPU, "memory": r.Memory} {
		if quantity != "" {
			quantities[kind] = pulumi.String(quantity)
		}
	}
	if len(quantities) == 0 {
		return nil
	}
	return quantities
}
