// Package monitoring watches the platform: VictoriaMetrics asks what runs for its metrics and keeps them, kube-state-metrics tells it what the
// API server knows of objects, vmalert judges all that by rules, and Alertmanager tells people. VictoriaLogs keeps the logs that vlagent
// collects on every node. Nothing of the shop waits for it.
//
// It has a namespace of its own and is reached by `kubectl port-forward` alone.
// https://docs.victoriametrics.com/victoriametrics/single-server-victoriametrics/
package monitoring

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/infra/boundary"
)

// Namespace holds all of it.
const Namespace = "monitoring"

// Name begins the names of resources.
const Name = "monitoring"

// Settings are the monitoring key of the configuration.
type Settings struct {
	// Enabled tells whether the platform is watched at all. Turned off, nothing of it is left.
	Enabled bool `json:"enabled"`
	// RetentionDays is for how long metrics are kept, 15.
	RetentionDays int `json:"retentionDays"`
	// StorageGiB is what they may take on the disk of the node, 4. A pod that takes more is evicted, and begins anew.
	StorageGiB int `json:"storageGiB"`
	// Logs say how many logs are kept.
	Logs Logs `json:"logs"`
}

// Logs are the logs of containers, the journals of nodes and the API server's audit log.
type Logs struct {
	// RetentionDays is for how many days logs are kept, 7.
	RetentionDays int `json:"retentionDays"`
	// StorageGiB is what they may take on the disk of the node, 4. Before they do, those of the oldest day go; the last two days stay,
	// and a pod of which these take more is evicted, and begins anew.
	StorageGiB int `json:"storageGiB"`
}

// Images are those of the programs, each with a tag or a digest.
type Images struct {
	VictoriaMetrics, KubeStateMetrics, VMAlert, Alertmanager, VictoriaLogs, Agent string
}

// Args say what is watched, and by what.
type Args struct {
	Settings
	// Alerting says who is told of alerts. It is treated as a secret.
	Alerting Alerting
	// Key is any secret. By it the names of Secrets differ when what they hold does, and tell nothing of it.
	Key    pulumi.StringInput
	Images Images
	// Shop is the namespace of the tiers, "ecommerce".
	Shop string
	// PodCidr is the block that pods get addresses from, "192.168.0.0/16".
	PodCidr string
	// Taints are those of workers. Pods tolerate them all, since they may run on any worker.
	Taints []boundary.Taint
	// Labels and Annotations are those of every object.
	Labels, Annotations pulumi.StringMap
	// Options are those of every object.
	Options []pulumi.ResourceOption
}

// watch registers the objects.
type watch struct {
	*Args
	ctx    *pulumi.Context
	prefix string
	// bounds are what pods are subject to from their start.
	bounds []pulumi.Resource
}

// New watches the platform. prefix begins the names of resources.
func New(ctx *pulumi.Context, prefix string, args *Args) error {
	w := &watch{Args: args, ctx: ctx, prefix: prefix + "-" + Name}
	if err := w.createNamespace(); err != nil {
		return err
	}
	if err := w.isolate(); err != nil {
		return err
	}
	if err := w.deployKubeStateMetrics(); err != nil {
		return err
	}
	if err := w.deployVictoriaMetrics(); err != nil {
		return err
	}
	if err := w.deployAlertmanager(); err != nil {
		return err
	}
	if err := w.deployVMAlert(); err != nil {
		return err
	}
	if err := w.deployVictoriaLogs(); err != nil {
		return err
	}
	return w.deployAgent()
}
