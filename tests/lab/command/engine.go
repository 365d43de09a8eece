package command

import (
	"context"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"ecommerce-platform/tests/lab/command/task"
)

// engine is the way back to the Pulumi engine, for log lines.
type engine struct {
	mu     sync.Mutex
	client pulumirpc.EngineClient
}

func (e *engine) connect(address string) error {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		rpcutil.GrpcChannelOptions())
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.client = pulumirpc.NewEngineClient(conn)
	return nil
}

func (e *engine) logger(urn resource.URN) task.Logger { return logger{e, urn} }

// logger logs for one resource. What cannot be logged is no reason to fail: the command has run.
type logger struct {
	engine *engine
	urn    resource.URN
}

func (l logger) Status(line string) { l.log(pulumirpc.LogSeverity_INFO, line, true) }

func (l logger) Warning(message string) { l.log(pulumirpc.LogSeverity_WARNING, message, false) }

func (l logger) Error(message string) { l.log(pulumirpc.LogSeverity_ERROR, message, false) }

func (l logger) log(severity pulumirpc.LogSeverity, message string, ephemeral bool) {
	l.engine.mu.Lock()
	client := l.engine.client
	l.engine.mu.Unlock()
	if client == nil {
		return
	}
	// gRPC refuses strings that are not UTF-8, which a program's output may be.
	_, _ = client.Log(context.Background(), &pulumirpc.LogRequest{
		Severity: severity, Message: strings.ToValidUTF8(message, "\uFFFD"), Urn: string(l.urn), Ephemeral: ephemeral,
	})
}
