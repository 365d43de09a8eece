// Package twin is a Pulumi resource provider that stands for AWS: it keeps EC2's rules and an account's state in a
// directory. In model mode nothing else happens; in machine mode instances are Docker containers that boot.
package twin

import (
	"context"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"ecommerce-platform/tests/lab/machines"
)

const (
	// Version of the AWS provider that the twin answers for.
	Version = "6.83.2"
	// Account is the number of the twin's account.
	Account = "123456789012"
	// DefaultName prefixes and labels what the twin makes in Docker.
	DefaultName = "ecommerce-platform"
)

// Machines is where instances run; nil in model mode.
type Machines interface {
	CreateNetwork(ctx context.Context, n machines.Network) error
	RemoveNetwork(ctx context.Context, id string) error
	Launch(ctx context.Context, m machines.Machine) error
	Restart(ctx context.Context, container string, size machines.Size, userData []byte) error
	Power(ctx context.Context, container string, on bool) error
	Terminate(ctx context.Context, container string) error
	Status(ctx context.Context, container string) (string, error)
	MakeDisk(ctx context.Context, d machines.Disk) error
	GrowDisk(ctx context.Context, d machines.Disk) error
	RemoveDisk(ctx context.Context, d machines.Disk) error
	Attach(ctx context.Context, container string, d machines.Disk) error
	Detach(ctx context.Context, container string, d machines.Disk) error
	ApplyFirewall(ctx context.Context, container, rules string) error
	Sweep(ctx context.Context, keep []string) error
	Gateway(ctx context.Context, dir string, table machines.Gateway) error
}

// Provider implements the resource provider protocol for the package aws.
type Provider struct {
	pulumirpc.UnimplementedResourceProviderServer
	store    Store
	name     string
	machines Machines
	log      *Log
	quotas   Quotas
	lateness Lateness

	region      string
	defaultTags Values
}

// FromEnvironment makes the provider that TWIN_MODE, TWIN_STATE, TWIN_NAME, TWIN_IMAGE, TWIN_MIRROR,
// TWIN_QUOTAS and TWIN_LATE describe.
func FromEnvironment() (*Provider, error) {
	dir := os.Getenv("TWIN_STATE")
	if dir == "" {
		return nil, fmt.Errorf("TWIN_STATE <unset>: required, the directory that holds the state of the digital twin of EC2")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("TWIN_STATE %q: %w", dir, err)
	}
	name := os.Getenv("TWIN_NAME")
	if name == "" {
		name = DefaultName
	}
	var p *Provider
	switch mode := os.Getenv("TWIN_MODE"); mode {
	case "", "model":
		p = New(dir, name, nil)
	case "machine":
		image := os.Getenv("TWIN_IMAGE")
		if image == "" {
			return nil, fmt.Errorf("TWIN_IMAGE <unset>: required with TWIN_MODE machine, the Docker image that stands for the AMI")
		}
		p = New(dir, name, &machines.Docker{Name: name, Image: image, Mirror: os.Getenv("TWIN_MIRROR")})
	default:
		return nil, fmt.Errorf("TWIN_MODE %q: must be model or machine", mode)
	}
	if p.quotas, err = parseQuotas(os.Getenv("TWIN_QUOTAS")); err != nil {
		return nil, err
	}
	p.lateness, err = parseLateness(os.Getenv("TWIN_LATE"))
	return p, err
}

// New makes a provider whose state is in dir. Without machines it is in model mode.
func New(dir, name string, m Machines) *Provider {
	return &Provider{store: Store{dir}, name: name, machines: m, log: &Log{}, quotas: defaultQuotas}
}

// with runs a change of the account while holding it.
func (p *Provider) with(ctx context.Context, change func(*Tx) error) error {
	return p.store.With(ctx, func(s *State) error {
		return change(&Tx{State: s, Account: Account, Region: p.region, dir: p.store.Dir,
			Elastic: "127.31." + p.block(), Ephemeral: "127.30." + p.block(), Quotas: p.quotas, Lateness: p.lateness})
	})
}

// block keeps the public addresses of twins with different names apart on one host.
func (p *Provider) block() string {
	if p.name == DefaultName {
		return "0"
	}
	h := fnv.New32a()
	h.Write([]byte(p.name)) // never fails
	return fmt.Sprint(1 + h.Sum32()%254)
}

// Handshake implements pulumirpc.ResourceProviderServer.
func (p *Provider) Handshake(_ context.Context, req *pulumirpc.ProviderHandshakeRequest) (*pulumirpc.ProviderHandshakeResponse, error) {
	if err := p.log.Connect(req.EngineAddress); err != nil {
		return nil, err
	}
	return &pulumirpc.ProviderHandshakeResponse{AcceptSecrets: true, AcceptResources: true}, nil
}

// Attach implements pulumirpc.ResourceProviderServer.
func (p *Provider) Attach(_ context.Context, req *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, p.log.Connect(req.Address)
}

// GetPluginInfo implements pulumirpc.ResourceProviderServer.
func (p *Provider) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: Version}, nil
}

// GetMapping implements pulumirpc.ResourceProviderServer.
func (p *Provider) GetMapping(context.Context, *pulumirpc.GetMappingRequest) (*pulumirpc.GetMappingResponse, error) {
	return &pulumirpc.GetMappingResponse{}, nil
}

// GetMappings implements pulumirpc.ResourceProviderServer.
func (p *Provider) GetMappings(context.Context, *pulumirpc.GetMappingsRequest) (*pulumirpc.GetMappingsResponse, error) {
	return &pulumirpc.GetMappingsResponse{}, nil
}

// Cancel implements pulumirpc.ResourceProviderServer. Every operation is bounded in time and may finish.
func (p *Provider) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// typeOf finds the table of the type that an URN names.
func typeOf(urn string) (*Type, error) {
	token := typeToken(urn)
	if t := types[token]; t != nil {
		return t, nil
	}
	return nil, status.Errorf(codes.Unimplemented, "resource type %q: not offered by the digital twin of EC2", token)
}
