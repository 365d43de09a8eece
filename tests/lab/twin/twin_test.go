package twin_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/structpb"

	"ecommerce-platform/tests/lab/twin"
)

const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBnpKAcv5gtgM+L1Yap2aNDdVoknQOxDHOZHb4eSPcbO"

type in = map[string]any

var options = plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true}

// cloud is a provider behind a gRPC connection, as the engine sees it.
type cloud struct {
	t      *testing.T
	dir    string
	client pulumirpc.ResourceProviderClient
}

// newCloud serves the state in dir.
func newCloud(t *testing.T, dir string, m twin.Machines) *cloud {
	t.Helper()
	return serve(t, "eu-central-1", dir, twin.New(dir, "ecommerce-platform", m))
}

func serve(t *testing.T, region, dir string, provider *twin.Provider) *cloud {
	t.Helper()
	listener := bufconn.Listen(1 << 20)
	server := grpc.NewServer()
	pulumirpc.RegisterResourceProviderServer(server, provider)
	go server.Serve(listener) //nolint:errcheck // ends with the test
	t.Cleanup(server.Stop)
	connection, err := grpc.NewClient("passthrough:twin", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	require.NoError(t, err)
	return connect(t, region, dir, connection)
}

// connect configures the provider at the other end.
func connect(t *testing.T, region, dir string, connection *grpc.ClientConn) *cloud {
	t.Cleanup(func() { connection.Close() }) //nolint:errcheck
	c := &cloud{t, dir, pulumirpc.NewResourceProviderClient(connection)}
	response, err := c.client.Configure(context.Background(), &pulumirpc.ConfigureRequest{
		Args: c.wire(in{"region": region, "defaultTags": `{"tags":{"owner":"shop"}}`}), AcceptSecrets: true})
	require.NoError(t, err)
	require.True(t, response.AcceptSecrets && response.SupportsPreview && response.AcceptResources)
	return c
}

func (c *cloud) wire(values in) *structpb.Struct {
	m := resource.PropertyMap{}
	for name, v := range values {
		if p, ok := v.(resource.PropertyValue); ok {
			m[resource.PropertyKey(name)] = p
		} else {
			m[resource.PropertyKey(name)] = resource.NewPropertyValue(v)
		}
	}
	s, err := plugin.MarshalProperties(m, options)
	require.NoError(c.t, err)
	return s
}

func (c *cloud) properties(s *structpb.Struct) resource.PropertyMap {
	m, err := plugin.UnmarshalProperties(s, options)
	require.NoError(c.t, err)
	return m
}

func urn(token, name string) string {
	return string(resource.NewURN("dev", "ecommerce-platform", "", tokens(token), name))
}

// thing is a resource that was made.
type thing struct {
	id, urn         string
	inputs, outputs *structpb.Struct
}

func (c *cloud) output(r *thing, name string) any {
	v := c.properties(r.outputs)[resource.PropertyKey(name)]
	return v.MapRepl(nil, nil)
}

// check validates as the engine does before each step.
func (c *cloud) check(token, name string, olds *structpb.Struct, values in) (*structpb.Struct, error) {
	response, err := c.client.Check(context.Background(), &pulumirpc.CheckRequest{Urn: urn(token, name), Olds: olds, News: c.wire(values),
		RandomSeed: []byte(strings.Repeat(name+"0", 32)[:32])})
	if err != nil {
		return nil, fmt.Errorf("%s", status.Convert(err).Message())
	}
	var reasons []string
	for _, f := range response.Failures {
		reasons = append(reasons, f.Property+": "+f.Reason)
	}
	if len(reasons) > 0 {
		return nil, fmt.Errorf("%s", strings.Join(reasons, "\n"))
	}
	return response.Inputs, nil
}

func (c *cloud) try(token, name string, values in) (*thing, error) {
	inputs, err := c.check(token, name, nil, values)
	if err != nil {
		return nil, err
	}
	response, err := c.client.Create(context.Background(), &pulumirpc.CreateRequest{Urn: urn(token, name), Properties: inputs})
	if err != nil {
		return nil, fmt.Errorf("%s", status.Convert(err).Message())
	}
	return &thing{response.Id, urn(token, name), inputs, response.Properties}, nil
}

func (c *cloud) create(token, name string, values in) *thing {
	c.t.Helper()
	r, err := c.try(token, name, values)
	require.NoError(c.t, err)
	return r
}

// diff compares a resource with other inputs.
func (c *cloud) diff(r *thing, values in) *pulumirpc.DiffResponse {
	c.t.Helper()
	u := resource.URN(r.urn)
	news, err := c.check(string(u.Type()), u.Name(), r.inputs, values)
	require.NoError(c.t, err)
	response, err := c.client.Diff(context.Background(), &pulumirpc.DiffRequest{Id: r.id, Urn: r.urn, Olds: r.outputs, OldInputs: r.inputs, News: news})
	require.NoError(c.t, err)
	return response
}

func (c *cloud) update(r *thing, values in) error {
	c.t.Helper()
	u := resource.URN(r.urn)
	news, err := c.check(string(u.Type()), u.Name(), r.inputs, values)
	if err != nil {
		return err
	}
	response, err := c.client.Update(context.Background(), &pulumirpc.UpdateRequest{Id: r.id, Urn: r.urn, Olds: r.outputs, OldInputs: r.inputs, News: news})
	if err != nil {
		return fmt.Errorf("%s", status.Convert(err).Message())
	}
	r.inputs, r.outputs = news, response.Properties
	return nil
}

func (c *cloud) delete(r *thing) error {
	_, err := c.client.Delete(context.Background(), &pulumirpc.DeleteRequest{Id: r.id, Urn: r.urn, Properties: r.outputs, OldInputs: r.inputs})
	if err != nil {
		return fmt.Errorf("%s", status.Convert(err).Message())
	}
	return nil
}

func (c *cloud) read(r *thing) *pulumirpc.ReadResponse {
	c.t.Helper()
	response, err := c.client.Read(context.Background(), &pulumirpc.ReadRequest{Id: r.id, Urn: r.urn, Properties: r.outputs, Inputs: r.inputs})
	require.NoError(c.t, err)
	return response
}

// site is a public subnet with a group, a key and an image, ready for instances.
type site struct {
	*cloud
	vpc, subnet, gateway, table, route, association, group, key *thing
	ami                                                         string
}

func newSite(t *testing.T, m twin.Machines) *site {
	t.Helper()
	return build(newCloud(t, t.TempDir(), m), "172.31.0.0/20")
}

func build(c *cloud, block string) *site {
	c.t.Helper()
	s := &site{cloud: c}
	s.vpc = s.create(vpcToken, "vpc", in{"cidrBlock": block, "enableDnsHostnames": true})
	s.subnet = s.create(subnetToken, "subnet", in{"vpcId": s.vpc.id, "cidrBlock": block})
	s.gateway = s.create(gatewayToken, "igw", in{"vpcId": s.vpc.id})
	s.table = s.create(tableToken, "rtb", in{"vpcId": s.vpc.id})
	s.route = s.create(routeToken, "default", in{"routeTableId": s.table.id, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": s.gateway.id})
	s.association = s.create(associationToken, "assoc", in{"routeTableId": s.table.id, "subnetId": s.subnet.id})
	s.group = s.create(groupToken, "nodes", in{"vpcId": s.vpc.id})
	s.key = s.create(keyToken, "login", in{"publicKey": publicKey})
	s.ami = s.image("debian-13-amd64-*")
	return s
}

func (c *cloud) image(name string) string {
	c.t.Helper()
	response, err := c.invoke("aws:ec2/getAmi:getAmi", in{"mostRecent": true, "owners": []any{"136693071363"},
		"filters": []any{in{"name": "name", "values": []any{name}}, in{"name": "architecture", "values": []any{"x86_64"}}}})
	require.NoError(c.t, err)
	return response["id"].StringValue()
}

func (c *cloud) invoke(token string, args in) (resource.PropertyMap, error) {
	response, err := c.client.Invoke(context.Background(), &pulumirpc.InvokeRequest{Tok: token, Args: c.wire(args)})
	if err != nil {
		return nil, fmt.Errorf("%s", status.Convert(err).Message())
	}
	for _, f := range response.Failures {
		return nil, fmt.Errorf("%s: %s", f.Property, f.Reason)
	}
	return c.properties(response.Return), nil
}

// node is the inputs of an instance that EC2 accepts, with changes laid over them; nil takes a property away.
func (s *site) node(changes in) in {
	values := in{
		"ami": s.ami, "instanceType": "t3.medium", "subnetId": s.subnet.id, "privateIp": "172.31.15.119",
		"keyName": s.key.id, "vpcSecurityGroupIds": []any{s.group.id}, "sourceDestCheck": false,
		"metadataOptions": in{"httpTokens": "required", "httpPutResponseHopLimit": 1},
		"rootBlockDevice": in{"volumeType": "gp3", "volumeSize": 20, "encrypted": true},
		"tags":            in{"Name": "control-plane"}, "userData": "#cloud-config\n",
	}
	return with(values, changes)
}

func with(values, changes in) in {
	merged := in{}
	for name, v := range values {
		merged[name] = v
	}
	for name, v := range changes {
		merged[name] = v
		if v == nil {
			delete(merged, name)
		}
	}
	return merged
}
