package metricsserver

import (
	"fmt"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/workloads/podspec"
)

const servingPath = "/etc/metrics-server/serving"

// arguments are metrics-server's. It takes a kubelet for who it says it is only where the cluster's authority has signed that.
func arguments() []string {
	return []string{
		fmt.Sprintf("--secure-port=%d", Port),
		"--tls-cert-file=" + servingPath + "/tls.crt",
		"--tls-private-key-file=" + servingPath + "/tls.key",
		"--kubelet-certificate-authority=" + podspec.Credentials + "/ca.crt",
		"--kubelet-preferred-address-types=InternalIP",
		"--metric-resolution=15s",
	}
}

// deploy runs one pod. While its node is drained or lost, autoscalers leave their tiers as they are.
func (s *server) deploy(waits []pulumi.Resource) (pulumi.Resource, error) {
	return appsv1.NewDeployment(s.ctx, s.child("deployment"), &appsv1.DeploymentArgs{
		Metadata: s.meta(name),
		Spec: appsv1.DeploymentSpecArgs{
			Replicas: pulumi.Int(1),
			Selector: metav1.LabelSelectorArgs{MatchLabels: selector()},
			Strategy: appsv1.DeploymentStrategyArgs{
				Type:          pulumi.String("RollingUpdate"),
				RollingUpdate: appsv1.RollingUpdateDeploymentArgs{MaxSurge: pulumi.Int(1), MaxUnavailable: pulumi.Int(0)},
			},
			RevisionHistoryLimit: pulumi.Int(3),
			Template:             corev1.PodTemplateSpecArgs{Metadata: metav1.ObjectMetaArgs{Labels: s.labels()}, Spec: s.pod()},
		},
	}, s.options(waits...)...)
}

// pod keeps the Pod Security Standard restricted.
func (s *server) pod() corev1.PodSpecArgs {
	return corev1.PodSpecArgs{
		ServiceAccountName: pulumi.String(name),
		// The token comes in the volume below, for as long as it is good, and with nothing else.
		AutomountServiceAccountToken: pulumi.Bool(false),
		EnableServiceLinks:           pulumi.Bool(false),
		PriorityClassName:            pulumi.String("system-cluster-critical"),
		// A worker: the security groups have rows from there.
		Affinity:    corev1.AffinityArgs{NodeAffinity: podspec.OnWorkers()},
		Tolerations: podspec.Tolerations(s.Taints),
		SecurityContext: corev1.PodSecurityContextArgs{
			RunAsNonRoot: pulumi.Bool(true), RunAsUser: pulumi.Int(podspec.Nobody), RunAsGroup: pulumi.Int(podspec.Nobody), FsGroup: pulumi.Int(podspec.Nobody),
			SeccompProfile: corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
		},
		Containers: corev1.ContainerArray{corev1.ContainerArgs{
			Name: pulumi.String(name), Image: pulumi.String(s.Image), ImagePullPolicy: pulumi.String("IfNotPresent"),
			Args: pulumi.ToStringArray(arguments()),
			Ports: corev1.ContainerPortArray{corev1.ContainerPortArgs{
				Name: pulumi.String(portName), ContainerPort: pulumi.Int(Port), Protocol: pulumi.String("TCP"),
			}},
			// A node takes a hundredth of what its project asks for a hundred of them.
			Resources: corev1.ResourceRequirementsArgs{
				Requests: pulumi.ToStringMap(map[string]string{"cpu": "50m", "memory": "64Mi"}),
				Limits:   pulumi.ToStringMap(map[string]string{"memory": "256Mi"}),
			},
			SecurityContext: corev1.SecurityContextArgs{
				AllowPrivilegeEscalation: pulumi.Bool(false), Privileged: pulumi.Bool(false), ReadOnlyRootFilesystem: pulumi.Bool(true),
				Capabilities: corev1.CapabilitiesArgs{Drop: words("ALL")},
			},
			// Ready is who has metrics: the first come after two looks at every kubelet.
			StartupProbe:   healthy("/livez", 30),
			ReadinessProbe: healthy("/readyz", 3),
			LivenessProbe:  healthy("/livez", 3),
			VolumeMounts: corev1.VolumeMountArray{
				corev1.VolumeMountArgs{Name: pulumi.String("serving"), MountPath: pulumi.String(servingPath), ReadOnly: pulumi.Bool(true)},
				corev1.VolumeMountArgs{Name: pulumi.String("credentials"), MountPath: pulumi.String(podspec.Credentials), ReadOnly: pulumi.Bool(true)},
			},
		}},
		Volumes: corev1.VolumeArray{
			corev1.VolumeArgs{Name: pulumi.String("serving"), Secret: corev1.SecretVolumeSourceArgs{
				SecretName: pulumi.String(Secret), DefaultMode: pulumi.Int(0o440),
			}},
			corev1.VolumeArgs{Name: pulumi.String("credentials"), Projected: podspec.TokenAndAuthority()},
		},
	}
}

func healthy(path string, failures int) corev1.ProbeArgs {
	return corev1.ProbeArgs{
		HttpGet:       corev1.HTTPGetActionArgs{Path: pulumi.String(path), Port: pulumi.String(portName), Scheme: pulumi.String("HTTPS")},
		PeriodSeconds: pulumi.Int(10), TimeoutSeconds: pulumi.Int(5), FailureThreshold: pulumi.Int(failures),
	}
}
