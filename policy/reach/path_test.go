package reach_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/reach"
)

const (
	control = "control-plane"
	first   = "worker-node-1"
	pool    = "platform-pool"
)

func without(rules ...string) []modeltest.Change {
	var changes []modeltest.Change
	for _, rule := range rules {
		changes = append(changes, modeltest.Remove(model.IngressType, rule))
	}
	return changes
}

func TestDevStackHasEveryPath(t *testing.T) {
	stack := modeltest.Dev(t)
	paths := reach.Analyze(stack)
	count := map[string]int{}
	for _, path := range paths {
		assert.False(t, path.Broken(), "%+v", path)
		assert.NotEqual(t, reach.Unknown, path.State, "%+v", path)
		count[path.What]++
	}
	assert.Equal(t, map[string]int{
		"BGP": 6, "pods": 6, "kubelet": 2, "node-exporter": 2, "Kubernetes API": 3, "SSH": 3, "NodePort": 2, "anything else": 3,
	}, count)
	assert.Empty(t, stack.Unevaluated())
}

// A broken path names what to change.
func TestBrokenPaths(t *testing.T) {
	podsAll := "platform-pods-all-192.168.0.0_16"
	for _, c := range []struct {
		what     string
		changes  []modeltest.Change
		path     string // from, to and what
		remedy   string
		resource string
		broken   int
	}{
		{
			"no rule for BGP", without("platform-bgp"), "worker-node-1 worker-node-2 BGP",
			"add an ingress rule to security group platform-node: tcp 179 from security group platform-node", "platform-node", 6,
		},
		{
			"no rule for kubelets", without("platform-kubelet"), "control-plane worker-node-1 kubelet",
			"tcp 10250 from security group platform-node", "platform-node", 2,
		},
		{
			"no rule for the API", without("platform-api-from-nodes"), "worker-node-1 control-plane Kubernetes API",
			"tcp 6443 from security group platform-node", "platform-node", 2,
		},
		{
			"no rule for metrics", without("platform-metrics"), "worker-node-2 worker-node-1 node-exporter",
			"tcp 9100 from security group platform-node", "platform-node", 2,
		},
		{
			"no rule for the pods behind the NodePort", without("platform-shop-pods"), "worker-node-2 worker-node-1 pods",
			"tcp 80 from security group platform-node", "platform-node", 2,
		},
		{
			"no rule for pods", without(podsAll), "worker-node-1 worker-node-2 pods",
			"add an ingress rule to security group platform-node: udp 53 from 192.168.0.0/16", "platform-node", 6,
		},
		{
			"a rule for half of the pods",
			[]modeltest.Change{modeltest.Set(model.IngressType, podsAll, "cidrIpv4", "192.168.0.0/17")},
			"worker-node-1 worker-node-2 pods", "from 192.168.0.0/16", "platform-node", 6,
		},
		{
			"another pool than the rule's", []modeltest.Change{modeltest.Set(model.PoolType, pool, "spec.cidr", "10.244.0.0/16")},
			"worker-node-1 worker-node-2 pods", "from 10.244.0.0/16", "platform-node", 6,
		},
		{
			"no rule for the tunnel", []modeltest.Change{modeltest.Set(model.PoolType, pool, "spec.ipipMode", "Always")},
			"worker-node-1 worker-node-2 pods in IPIP", "protocol 4 from security group platform-node", "platform-node", 6,
		},
		{
			"nothing may leave", []modeltest.Change{modeltest.Remove(model.EgressType, "platform-internet-0.0.0.0_0")},
			"worker-node-1 worker-node-2 BGP", "add an egress rule to security group platform-node: tcp 179", "platform-node", 18,
		},
		{
			"the source/destination check is on", []modeltest.Change{modeltest.Set(model.InstanceType, first, "sourceDestCheck", true)},
			"worker-node-1 worker-node-2 pods", "set sourceDestCheck: false on worker-node-1", first, 4,
		},
		{
			"two subnets", []modeltest.Change{modeltest.Copy(model.SubnetType, "platform-public", "platform-second"), modeltest.From(model.InstanceType, first,
				"subnetId", model.SubnetType, "platform-second"), routed("platform-second")},
			"worker-node-1 worker-node-2 pods", "put worker-node-1 and worker-node-2 into one subnet", "worker-node-2", 4,
		},
		{
			"nobody may use SSH", without("platform-ssh-203.0.113.7_32"), "administrators worker-node-1 SSH",
			"add an ingress rule to security group platform-worker: tcp 22 from the blocks of the administrators", "platform-worker", 3,
		},
		{
			"clients are not let in", without("platform-node-port-0.0.0.0_0"), "clients worker-node-1 NodePort",
			"add an ingress rule to security group platform-worker: tcp 30080 from the blocks of the clients", "platform-worker", 2,
		},
		{
			"clients are let in on another port", []modeltest.Change{
				modeltest.Set("kubernetes:core/v1:Service", "shop-frontend", "spec.ports[0].nodePort", 30090.0),
			}, "clients worker-node-1 NodePort", "tcp 30090", "platform-worker", 2 + 2,
		},
		{
			"a worker without a public address", []modeltest.Change{modeltest.Remove("aws:ec2/eipAssociation:EipAssociation", first)},
			"clients worker-node-1 NodePort", "give worker-node-1 an Elastic IP", first, 2,
		},
		{
			"no way to the internet", []modeltest.Change{modeltest.Remove("aws:ec2/route:Route", "platform-internet")},
			"clients worker-node-1 NodePort", "route 0.0.0.0/0 leads to an internet gateway", "platform-public", 6,
		},
		{
			"the API is open to everybody",
			[]modeltest.Change{modeltest.Set(model.IngressType, "platform-api-203.0.113.7_32", "cidrIpv4", "0.0.0.0/0")},
			"the internet control-plane anything else", "remove platform-api-203.0.113.7_32, which opens tcp port 6443 to 0.0.0.0/0",
			"platform-api-203.0.113.7_32", 1,
		},
	} {
		t.Run(c.what, func(t *testing.T) {
			stack := modeltest.Dev(t, c.changes...)
			broken := map[string]reach.Path{}
			for _, path := range reach.Analyze(stack) {
				if path.Broken() {
					broken[path.From+" "+path.To+" "+path.What] = path
					assert.NotEmpty(t, path.Remedy, "%+v", path)
				}
			}
			assert.Len(t, broken, c.broken, "%v", broken)
			require.Contains(t, broken, c.path)
			assert.Contains(t, broken[c.path].Remedy, c.remedy)
			require.NotNil(t, stack.ByURN(broken[c.path].Resource))
			assert.Equal(t, c.resource, stack.ByURN(broken[c.path].Resource).Name)
		})
	}
}

// Other ways to build the same network are no alarm.
func TestPathsThatAreThereInAnotherWay(t *testing.T) {
	for what, changes := range map[string][]modeltest.Change{
		"one wide row in place of those on single ports": append(
			without("platform-api-from-nodes", "platform-kubelet", "platform-metrics", "platform-shop-pods", "platform-etcd"),
			modeltest.Set(model.IngressType, "platform-bgp", "ipProtocol", "-1"),
		),
		"clients are a company": {modeltest.Set(model.IngressType, "platform-node-port-0.0.0.0_0", "cidrIpv4", "198.51.100.0/24")},
		"clients come over a private line, without public addresses": {
			modeltest.Set(model.IngressType, "platform-node-port-0.0.0.0_0", "cidrIpv4", "10.1.0.0/16"),
			modeltest.Set(model.IngressType, "platform-ssh-203.0.113.7_32", "cidrIpv4", "10.2.0.0/16"),
			modeltest.Remove("aws:ec2/eipAssociation:EipAssociation", first),
		},
		"the subnet gives public addresses": {
			modeltest.Remove("aws:ec2/eipAssociation:EipAssociation", first),
			modeltest.Set(model.SubnetType, "platform-public", "mapPublicIpOnLaunch", true),
		},
		"tunnels between two subnets": {
			modeltest.Copy(model.SubnetType, "platform-public", "platform-second"), routed("platform-second"),
			modeltest.From(model.InstanceType, first, "subnetId", model.SubnetType, "platform-second"),
			modeltest.Set(model.PoolType, pool, "spec.ipipMode", "CrossSubnet"),
			modeltest.Copy(model.IngressType, "platform-bgp", "platform-ipip"), modeltest.Set(model.IngressType, "platform-ipip", "ipProtocol", "4"),
			modeltest.Set(model.IngressType, "platform-ipip", "fromPort", -1.0), modeltest.Set(model.IngressType, "platform-ipip", "toPort", -1.0),
		},
		"the port range is written out": {
			modeltest.Set(model.IngressType, "platform-pods-all-192.168.0.0_16", "cidrIpv4", "192.168.0.0/17"),
			modeltest.Copy(model.IngressType, "platform-pods-all-192.168.0.0_16", "platform-pods-rest"),
			modeltest.Set(model.IngressType, "platform-pods-rest", "cidrIpv4", "192.168.128.0/17"),
		},
	} {
		t.Run(what, func(t *testing.T) {
			for _, path := range reach.Analyze(modeltest.Dev(t, changes...)) {
				assert.False(t, path.Broken(), "%+v", path)
			}
		})
	}
}

func TestUnknownPathsAreNeitherOpenNorClosed(t *testing.T) {
	for what, c := range map[string]struct {
		changes     []modeltest.Change
		path        string
		unevaluated string
	}{
		"the block of administrators": {
			unknown(model.IngressType, "platform-ssh-203.0.113.7_32", "cidrIpv4"), "administrators worker-node-1 SSH",
			model.IngressType + " platform-ssh-203.0.113.7_32 cidrIpv4",
		},
		"the groups of a machine": {
			unknown(model.InstanceType, first, "vpcSecurityGroupIds"), "control-plane worker-node-1 BGP",
			model.InstanceType + " worker-node-1 vpcSecurityGroupIds",
		},
		"the subnet of a machine": {
			unknown(model.InstanceType, first, "subnetId"), "control-plane worker-node-1 pods", model.InstanceType + " worker-node-1 subnetId",
		},
		"a group of another stack beside those of this one": {
			[]modeltest.Change{
				modeltest.Set(model.InstanceType, first, "vpcSecurityGroupIds", property.New([]property.Value{
					property.New(property.Computed), property.New(property.Computed), property.New("sg-0123456789abcdef0"),
				})), modeltest.Remove(model.IngressType, "platform-ssh-203.0.113.7_32"), gone(control), gone("worker-node-2"),
			}, "administrators worker-node-1 SSH", model.InstanceType + " worker-node-1 vpcSecurityGroupIds",
		},
		"a rule in the group's own list, beside others": {
			[]modeltest.Change{
				modeltest.Remove(model.IngressType, "platform-ssh-203.0.113.7_32"),
				modeltest.From(model.GroupType, "platform-node", "ingress", "pulumi:pulumi:StackReference", "offices"),
			}, "administrators worker-node-1 SSH", model.GroupType + " platform-node ingress",
		},
		"the check of a machine": {
			unknown(model.InstanceType, first, "sourceDestCheck"), "control-plane worker-node-1 pods",
			model.InstanceType + " worker-node-1 sourceDestCheck",
		},
	} {
		t.Run(what, func(t *testing.T) {
			stack := modeltest.Dev(t, c.changes...)
			states := map[string]reach.State{}
			for _, path := range reach.Analyze(stack) {
				assert.False(t, path.Broken(), "%+v", path)
				states[path.From+" "+path.To+" "+path.What] = path.State
			}
			assert.Equal(t, reach.Unknown, states[c.path])
			assert.Contains(t, stack.Unevaluated(), c.unevaluated)
		})
	}
}

// gone takes a machine away, so that nothing is said of it.
func gone(name string) modeltest.Change {
	return modeltest.Remove(model.InstanceType, name)
}

func TestLayers(t *testing.T) {
	stack := modeltest.Dev(t, modeltest.Layer("infra"))
	for _, path := range reach.Analyze(stack) {
		assert.False(t, path.Broken(), "%+v", path)
		assert.NotContains(t, path.What, "pods")
	}
	assert.Contains(t, stack.Unevaluated(), "reachability of pods: podCidr is in another stack")

	for _, layer := range []string{"cluster", "workloads"} {
		stack := modeltest.Dev(t, modeltest.Layer(layer))
		assert.Empty(t, reach.Analyze(stack), layer)
		assert.Contains(t, stack.Unevaluated(), "reachability: this stack holds no machines", layer)
	}
}

// routed gives a subnet the route table of the first one.
func routed(subnet string) modeltest.Change {
	const token = "aws:ec2/routeTableAssociation:RouteTableAssociation"
	return func(t testing.TB, resources []policyx.AnalyzerResource) []policyx.AnalyzerResource {
		t.Helper()
		resources = modeltest.Copy(token, "platform-public", subnet)(t, resources)
		return modeltest.From(token, subnet, "subnetId", model.SubnetType, subnet)(t, resources)
	}
}

// unknown makes a property one that another stack will tell.
func unknown(token, name, path string) []modeltest.Change {
	return []modeltest.Change{
		modeltest.Set(token, name, path, property.New(property.Computed)), modeltest.From(token, name, path, "", "below"),
	}
}
