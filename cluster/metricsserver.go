package cluster

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/cluster/step"
)

// certifyMetricsServer makes the certificate by which the API server knows metrics-server, whose pod another layer runs. Nil where
// it does not run.
func certifyMetricsServer(args *Args, control *node) (*step.Done, error) {
	if !args.MetricsServer {
		return nil, nil
	}
	return control.Run(step.Step{
		Name: "metrics-server", Script: "metrics-server.sh", Limit: 300, After: []*step.Done{control.joined},
		Settings: append([]step.Setting{step.Set("ACTION", pulumi.String("install"))}, args.renewal()...),
		Undo:     &step.Undo{Script: "metrics-server.sh", Limit: 240, Settings: []step.Setting{step.Set("ACTION", pulumi.String("remove"))}},
	})
}
