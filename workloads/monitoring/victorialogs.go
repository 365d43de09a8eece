package monitoring

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	victoriaLogs = "victoria-logs"
	// LogsPort is where VictoriaLogs answers, its page among the rest.
	LogsPort = 9428

	logsDirectory = "/storage"
)

// deployVictoriaLogs keeps logs and answers questions about them.
// https://docs.victoriametrics.com/victorialogs/
func (w *watch) deployVictoriaLogs() error {
	return w.deploy(&component{
		name: victoriaLogs, image: w.Images.VictoriaLogs, port: LogsPort,
		args: []string{
			fmt.Sprintf("-httpListenAddr=:%d", LogsPort),
			"-storageDataPath=" + logsDirectory,
			fmt.Sprintf("-retentionPeriod=%dd", w.Logs.RetentionDays),
			// Looked at now and then, so below what the volume may hold.
			fmt.Sprintf("-retention.maxDiskSpaceUsageBytes=%dMiB", w.Logs.StorageGiB*1024*3/4),
			// Of its caches; what requests and the collection of garbage take comes besides, below the container's limit.
			"-memory.allowedBytes=64MiB",
		},
		cpu: "30m", memory: "44Mi", limit: "256Mi",
		alive: question{"/health", httpPort}, ready: question{"/health", httpPort},
		mounts: []mount{{"storage", logsDirectory, corev1.VolumeArgs{
			EmptyDir: corev1.EmptyDirVolumeSourceArgs{SizeLimit: pulumi.String(fmt.Sprintf("%dGi", w.Logs.StorageGiB))},
		}, false}},
	})
}
