package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"sync"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// maxMessage is what Pulumi itself allows.
const maxMessage = 400 << 20

// monitor passes calls on to the engine's resource monitor and edits those that register resources.
type monitor struct {
	engine *grpc.ClientConn
	edits  []Edit

	mu      sync.Mutex
	matched map[int]bool
	urns    map[Reference]string
	// dropped are the URNs that left-out resources would have.
	dropped map[string]bool
}

// frame is a message that is passed on as it is.
type frame struct{ bytes []byte }

type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(v any) ([]byte, error) {
	if raw, ok := v.(*frame); ok {
		return raw.bytes, nil
	}
	return proto.Marshal(v.(proto.Message))
}

func (rawCodec) Unmarshal(data []byte, v any) error {
	if raw, ok := v.(*frame); ok {
		raw.bytes = slices.Clone(data)
		return nil
	}
	return proto.Unmarshal(data, v.(proto.Message))
}

// serve starts a monitor in front of the engine's and returns its address.
func serve(engine string, edits []Edit) (*monitor, string, func(), error) {
	conn, err := grpc.NewClient(engine, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(
		grpc.ForceCodec(rawCodec{}), grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)))
	if err != nil {
		return nil, "", nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", nil, err
	}
	m := &monitor{
		engine: conn, edits: edits, matched: map[int]bool{}, urns: map[Reference]string{}, dropped: map[string]bool{},
	}
	server := grpc.NewServer(grpc.ForceServerCodec(rawCodec{}), grpc.UnknownServiceHandler(m.handle),
		grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage))
	go func() { _ = server.Serve(listener) }()
	stop := func() {
		server.Stop()
		_ = conn.Close()
	}
	return m, listener.Addr().String(), stop, nil
}

// handle passes one call on. All of the monitor's calls but two take one message and answer with one.
func (m *monitor) handle(_ any, stream grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(stream)
	var request frame
	if err := stream.RecvMsg(&request); err != nil {
		return err
	}
	if method == pulumirpc.ResourceMonitor_RegisterResource_FullMethodName {
		response, err := m.register(stream.Context(), request)
		if err != nil {
			return err
		}
		return stream.SendMsg(response)
	}
	return m.forward(stream, method, &request)
}

func (m *monitor) forward(stream grpc.ServerStream, method string, request *frame) error {
	upstream, err := m.engine.NewStream(stream.Context(), &grpc.StreamDesc{ServerStreams: true}, method)
	if err != nil {
		return err
	}
	if err := upstream.SendMsg(request); err != nil {
		return err
	}
	if err := upstream.CloseSend(); err != nil {
		return err
	}
	for {
		var response frame
		if err := upstream.RecvMsg(&response); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := stream.SendMsg(&response); err != nil {
			return err
		}
	}
}

// register registers what the edits leave of a resource, and its copies after it.
func (m *monitor) register(ctx context.Context, raw frame) (*pulumirpc.RegisterResourceResponse, error) {
	req := &pulumirpc.RegisterResourceRequest{}
	if err := proto.Unmarshal(raw.bytes, req); err != nil {
		return nil, err
	}
	copies, drop, err := m.edit(req)
	if err != nil {
		// The program must not go on, and the engine must show why.
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	if drop {
		urn := fmt.Sprintf("urn:pulumi:stack::project::%s::%s", req.GetType(), req.GetName())
		m.mu.Lock()
		m.dropped[urn] = true
		m.mu.Unlock()
		return &pulumirpc.RegisterResourceResponse{Urn: urn, Object: req.GetObject()}, nil
	}
	for _, more := range copies {
		if _, err := m.send(ctx, more); err != nil {
			return nil, err
		}
	}
	return m.send(ctx, req)
}

func (m *monitor) send(ctx context.Context, req *pulumirpc.RegisterResourceRequest) (*pulumirpc.RegisterResourceResponse, error) {
	response := &pulumirpc.RegisterResourceResponse{}
	err := m.engine.Invoke(ctx, pulumirpc.ResourceMonitor_RegisterResource_FullMethodName, req, response)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.urns[Reference{req.GetType(), req.GetName()}] = response.GetUrn()
	return response, err
}

// edit applies the edits to the request and returns the copies that they ask for.
func (m *monitor) edit(req *pulumirpc.RegisterResourceRequest) (copies []*pulumirpc.RegisterResourceRequest, drop bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget(req)
	original := proto.Clone(req).(*pulumirpc.RegisterResourceRequest)
	for i, edit := range m.edits {
		matches, err := edit.matches(original)
		if err != nil {
			return nil, false, fmt.Errorf("edit of %s: %w", edit, err)
		}
		if !matches {
			continue
		}
		m.matched[i] = true
		target := req
		if edit.Copy != "" {
			target = proto.Clone(original).(*pulumirpc.RegisterResourceRequest)
			target.Name = edit.Copy
			copies = append(copies, target)
		}
		if err := edit.apply(target, m.urns); err != nil {
			return nil, false, fmt.Errorf("edit of %s: %w", edit, err)
		}
		drop = drop || edit.Drop
	}
	return copies, drop, nil
}

// forget takes references to left-out resources off the request.
func (m *monitor) forget(req *pulumirpc.RegisterResourceRequest) {
	gone := func(urn string) bool { return m.dropped[urn] }
	req.Dependencies = slices.DeleteFunc(req.GetDependencies(), gone)
	for _, dependencies := range req.GetPropertyDependencies() {
		dependencies.Urns = slices.DeleteFunc(dependencies.GetUrns(), gone)
	}
	if gone(req.GetDeletedWith()) {
		req.DeletedWith = ""
	}
}

// unmatched are the edits that changed nothing.
func (m *monitor) unmatched() []Edit {
	m.mu.Lock()
	defer m.mu.Unlock()
	var missed []Edit
	for i, edit := range m.edits {
		if !slices.Contains(slices.Collect(maps.Keys(m.matched)), i) {
			missed = append(missed, edit)
		}
	}
	return missed
}
