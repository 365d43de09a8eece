package twin

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Log tells the engine what a resource is waiting for, so that it shows beside the resource.
type Log struct{ engine pulumirpc.EngineClient }

// Connect gives the engine's address; without one, nothing is said.
func (l *Log) Connect(address string) error {
	if address == "" || l.engine != nil {
		return nil
	}
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("engine %s: %w", address, err)
	}
	l.engine = pulumirpc.NewEngineClient(connection)
	return nil
}

// Status shows a line that the next one replaces. That it cannot be shown is no reason to fail.
func (l *Log) Status(ctx context.Context, urn, format string, args ...any) {
	if l.engine == nil {
		return
	}
	l.engine.Log(ctx, &pulumirpc.LogRequest{Severity: pulumirpc.LogSeverity_INFO, //nolint:errcheck // see above
		Message: fmt.Sprintf(format, args...), Urn: urn, Ephemeral: true})
}

func typeToken(urn string) string { return string(resource.URN(urn).Type()) }
