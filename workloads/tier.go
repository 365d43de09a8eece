package workloads

import (
	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Names of the tiers. A tier's name is that of its Deployment, Service and budget, and so its name in the DNS.
const (
	frontendName = "frontend"
	backendName  = "backend"
	postgresName = "postgres"
	redisName    = "redis"
)

// Names of the tiers' ports.
const (
	// httpPort is that of both tiers that speak HTTP.
	httpPort = "http"
	// metricsPort is that of a program that measures itself.
	metricsPort      = "metrics"
	postgresPortName = "postgresql"
	redisPortName    = "redis"
)

// tier is what sets one tier apart from the others; deployment.go adds what all have in common.
type tier struct {
	Tier
	name      string
	component string // app.kubernetes.io/component
	portName  string
	port      int // of the container; the probes and the Service name it by portName
	// metricsPort is where the container tells its metrics; 0 where it does not. No Service leads there.
	metricsPort int

	autoscale Autoscale

	uid, gid int
	sysctls  corev1.SysctlArray
	command  []string // instead of the image's entry point
	args     []string // of the image's entry point; empty runs its default
	env      corev1.EnvVarArray
	mounts   []mount
	// serviceLinks puts addresses and ports of the namespace's Services into the environment.
	serviceLinks bool

	probes   probes
	started  []string // command that must succeed once the container runs, before any probe
	drain    int      // seconds a stopping pod still serves
	grace    int      // seconds until a stopping pod is killed, drain included
	affinity corev1.AffinityPtrInput
	// spreads has the scheduler prefer nodes that have fewer of the tier's pods.
	spreads  bool
	strategy appsv1.DeploymentStrategyArgs

	after []pulumi.Resource // that pods need to start
	// reads is a text that differs when the content of a Secret does which keeps its name. Pods read it at their start, so
	// that another text rolls them.
	reads pulumi.StringInput
}

func (t *tier) labels() pulumi.StringMap {
	labels := platformLabels()
	labels["app.kubernetes.io/name"] = pulumi.String(t.name)
	labels["app.kubernetes.io/component"] = pulumi.String(t.component)
	return labels
}

// selector selects the tier's pods. It holds labels that never change only, since a Deployment's selector cannot.
func (t *tier) selector() pulumi.StringMap {
	return pulumi.StringMap{
		"app.kubernetes.io/name":    pulumi.String(t.name),
		"app.kubernetes.io/part-of": pulumi.String(partOf),
	}
}

// meta is the metadata of the tier's resource of this name.
func (t *tier) meta(to *target, name string) metav1.ObjectMetaArgs {
	return metav1.ObjectMetaArgs{
		Name:        pulumi.String(name),
		Namespace:   pulumi.String(to.args.Namespace),
		Labels:      t.labels(),
		Annotations: annotations(),
	}
}

// surges is how many pods more than wanted a rollout of each tier makes; of those that are not here, none.
var surges = map[string]int{frontendName: 1, backendName: 1}

// rolling replaces pods one after another: up to surge more than wanted, up to unavailable fewer.
func rolling(surge, unavailable int) appsv1.DeploymentStrategyArgs {
	return appsv1.DeploymentStrategyArgs{
		Type: pulumi.String("RollingUpdate"),
		RollingUpdate: appsv1.RollingUpdateDeploymentArgs{
			MaxSurge:       pulumi.Int(surge),
			MaxUnavailable: pulumi.Int(unavailable),
		},
	}
}
