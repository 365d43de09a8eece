package cloudnativepg

import (
	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/workloads/podspec"
)

const (
	// user is the one that its manifest runs it as.
	user = 10001
	// certificates is where it looks for what it serves with, which it makes itself.
	certificates = "/run/secrets/cnpg.io/webhook"
	// servingPort is where it answers its probes.
	servingPort = "webhook-server"
	// controlPlane is the role's label and taint.
	controlPlane = "node-role.kubernetes.io/control-plane"
)

// deploy runs one pod, on the control plane: a database's machine that fails does not take along who would put another one in its
// place, and without the control plane nobody could.
func (o *operator) deploy(waits []pulumi.Resource) (pulumi.Resource, error) {
	if _, err := policyv1.NewPodDisruptionBudget(o.ctx, o.child("budget"), &policyv1.PodDisruptionBudgetArgs{
		Metadata: o.meta(name, Namespace),
		Spec: policyv1.PodDisruptionBudgetSpecArgs{
			MaxUnavailable: pulumi.Int(1), UnhealthyPodEvictionPolicy: pulumi.String("AlwaysAllow"),
			Selector: metav1.LabelSelectorArgs{MatchLabels: Selector()},
		},
	}, o.options()...); err != nil {
		return nil, err
	}
	return appsv1.NewDeployment(o.ctx, o.child("deployment"), &appsv1.DeploymentArgs{
		Metadata: o.meta(name, Namespace),
		Spec: appsv1.DeploymentSpecArgs{
			Replicas: pulumi.Int(1),
			Selector: metav1.LabelSelectorArgs{MatchLabels: Selector()},
			// A second one would wait until the first has given its lease back.
			Strategy:             appsv1.DeploymentStrategyArgs{Type: pulumi.String("Recreate")},
			RevisionHistoryLimit: pulumi.Int(3),
			Template:             corev1.PodTemplateSpecArgs{Metadata: metav1.ObjectMetaArgs{Labels: o.labels()}, Spec: o.pod()},
		},
	}, o.options(waits...)...)
}

func variable(name, value string) corev1.EnvVarArgs {
	return corev1.EnvVarArgs{Name: pulumi.String(name), Value: pulumi.String(value)}
}

// pod keeps the Pod Security Standard restricted.
func (o *operator) pod() corev1.PodSpecArgs {
	return corev1.PodSpecArgs{
		ServiceAccountName: pulumi.String(account),
		// The token comes in the volume below, for as long as it is good, and with nothing else.
		AutomountServiceAccountToken:  pulumi.Bool(false),
		EnableServiceLinks:            pulumi.Bool(false),
		PriorityClassName:             pulumi.String("system-cluster-critical"),
		TerminationGracePeriodSeconds: pulumi.Int(10),
		NodeSelector:                  pulumi.StringMap{controlPlane: pulumi.String("")},
		Tolerations: corev1.TolerationArray{corev1.TolerationArgs{
			Key: pulumi.String(controlPlane), Operator: pulumi.String("Exists"), Effect: pulumi.String("NoSchedule"),
		}},
		SecurityContext: corev1.PodSecurityContextArgs{
			RunAsNonRoot: pulumi.Bool(true), RunAsUser: pulumi.Int(user), RunAsGroup: pulumi.Int(user), FsGroup: pulumi.Int(user),
			SeccompProfile: corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
		},
		Containers: corev1.ContainerArray{o.container()},
		Volumes: corev1.VolumeArray{
			corev1.VolumeArgs{Name: pulumi.String("scratch"), EmptyDir: corev1.EmptyDirVolumeSourceArgs{SizeLimit: pulumi.String("256Mi")}},
			// It makes this Secret at its first start, and waits until it sees it here.
			corev1.VolumeArgs{Name: pulumi.String("certificates"), Secret: corev1.SecretVolumeSourceArgs{
				SecretName: pulumi.String("cnpg-webhook-cert"), Optional: pulumi.Bool(true), DefaultMode: pulumi.Int(0o440),
			}},
			corev1.VolumeArgs{Name: pulumi.String("credentials"), Projected: podspec.TokenAuthorityAndNamespace()},
		},
	}
}

func (o *operator) container() corev1.ContainerArgs {
	mount := func(volume, path string, readOnly bool) corev1.VolumeMountArgs {
		mount := corev1.VolumeMountArgs{Name: pulumi.String(volume), MountPath: pulumi.String(path)}
		if readOnly {
			mount.ReadOnly = pulumi.Bool(true)
		}
		return mount
	}
	return corev1.ContainerArgs{
		Name: pulumi.String("manager"), Image: pulumi.String(o.Image), ImagePullPolicy: pulumi.String("IfNotPresent"),
		Command: words("/manager"), Args: words("controller", "--leader-elect"),
		Env: corev1.EnvVarArray{
			variable("OPERATOR_IMAGE_NAME", o.Image),
			variable("OPERATOR_NAMESPACE", Namespace),
			variable("WATCH_NAMESPACE", o.Shop),
			// The only Cluster is this program's, which checks it before, and the operator once more when it has it. So nothing that the API
			// server is asked to do waits for a webhook.
			variable("MANAGE_WEBHOOK_CONFIGURATIONS", "false"),
		},
		Ports: corev1.ContainerPortArray{corev1.ContainerPortArgs{
			Name: pulumi.String(servingPort), ContainerPort: pulumi.Int(9443), Protocol: pulumi.String("TCP"),
		}},
		Resources: corev1.ResourceRequirementsArgs{
			Requests: pulumi.ToStringMap(map[string]string{"cpu": "100m", "memory": "100Mi"}),
			Limits:   pulumi.ToStringMap(map[string]string{"memory": "200Mi"}),
		},
		SecurityContext: corev1.SecurityContextArgs{
			AllowPrivilegeEscalation: pulumi.Bool(false), Privileged: pulumi.Bool(false), ReadOnlyRootFilesystem: pulumi.Bool(true),
			Capabilities: corev1.CapabilitiesArgs{Drop: words("ALL")},
		},
		// The kubelet looks for the Secret once a minute.
		StartupProbe:   healthy(60),
		ReadinessProbe: healthy(3),
		LivenessProbe:  healthy(6),
		VolumeMounts: corev1.VolumeMountArray{
			mount("scratch", "/controller", false),
			mount("certificates", certificates, true),
			mount("credentials", podspec.Credentials, true),
		},
	}
}

func healthy(failures int) corev1.ProbeArgs {
	return corev1.ProbeArgs{
		HttpGet:       corev1.HTTPGetActionArgs{Path: pulumi.String("/readyz"), Port: pulumi.String(servingPort), Scheme: pulumi.String("HTTPS")},
		PeriodSeconds: pulumi.Int(5), TimeoutSeconds: pulumi.Int(5), FailureThreshold: pulumi.Int(failures),
	}
}
