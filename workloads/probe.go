package workloads

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// probes are the questions that tell how a pod is.
type probes struct {
	// alive fails when only a restart helps. It also tells when the container has started.
	alive check
	// ready fails while the pod must get no requests.
	ready check
	// startupSeconds is how long the container may take to start.
	startupSeconds int
}

// check is one question to a container: an HTTP path on its port, or a command in it.
type check struct {
	path    string
	command []string
}

const startupPeriod = 2

func (p probes) startup() corev1.ProbeArgs {
	return p.alive.probe(startupPeriod, p.startupSeconds/startupPeriod)
}

func (p probes) readiness() corev1.ProbeArgs { return p.ready.probe(5, 2) }

// liveness is patient, since a restart costs every open request of the pod.
func (p probes) liveness() corev1.ProbeArgs { return p.alive.probe(10, 6) }

func (c check) probe(period, failures int) corev1.ProbeArgs {
	probe := corev1.ProbeArgs{
		PeriodSeconds:    pulumi.Int(period),
		TimeoutSeconds:   pulumi.Int(5),
		FailureThreshold: pulumi.Int(failures),
	}
	if c.path != "" {
		probe.HttpGet = corev1.HTTPGetActionArgs{Path: pulumi.String(c.path), Port: pulumi.String(httpPort)}
	} else {
		probe.Exec = corev1.ExecActionArgs{Command: pulumi.ToStringArray(c.command)}
	}
	return probe
}
