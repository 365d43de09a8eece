package reach_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/reach"
)

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
		"DNS": 3 + 2, "packages": 9, "images": 9, "manifest": 1,
		"Service frontend": 1, "Service backend": 1, "Service postgres": 1, "Service redis": 1,
	}, count)
	assert.Empty(t, modeltest.Gaps(stack))
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
			"worker-node-1 worker-node-2 BGP", "add an egress rule to security group platform-node: tcp 179", "platform-node", 18 + fetched,
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
			"clients worker-node-1 NodePort", "give worker-node-1 an Elastic IP", first, 2 + 6,
		},
		{
			"no way to the internet", []modeltest.Change{modeltest.Remove("aws:ec2/route:Route", "platform-internet")},
			"clients worker-node-1 NodePort", "route 0.0.0.0/0 leads to an internet gateway", "platform-public", 6 + fetched,
		},
		{
			"egress leads to nodes and pods alone", narrowed(), "worker-node-1 deb.debian.org packages",
			"add an egress rule to security group platform-node: tcp 443 to 0.0.0.0/0", "platform-node", fetched,
		},
		{
			"egress leads to the internet on another port alone", narrowed(leaving("to-http", "tcp", 80, "0.0.0.0/0")...), "control-plane raw.githubusercontent.com manifest",
			"tcp 443 to 0.0.0.0/0", "platform-control-plane", fetched,
		},
		{
			"a mirror that no rule lets nodes reach", narrowed(mirrored("http://10.1.2.3:5000")), "worker-node-1 10.1.2.3 packages",
			"tcp 5000 to 10.1.2.3/32", "platform-node", 3,
		},
		{
			"nobody resolves names", []modeltest.Change{modeltest.Set(model.VpcType, "platform-vpc", "enableDnsSupport", false)},
			"worker-node-1 AmazonProvidedDNS DNS", "set enableDnsSupport: true", "platform-vpc", 3,
		},
		{
			"an image of a registry that no rule lets nodes reach",
			narrowed(mirrored("http://172.31.0.10"), modeltest.Set("kubernetes:apps/v1:Deployment", "shop-backend", "spec.template.spec.containers[0].image", "10.9.9.9:5000/shop:1")),
			"worker-node-2 10.9.9.9 images", "tcp 5000 to 10.9.9.9/32", "platform-node", 3,
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
			modeltest.Remove("aws:ec2/eipAssociation:EipAssociation", first), mirrored("http://172.31.0.10:5000"),
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
		"egress leads to the internet on the ports that are needed":         narrowed(leaving("to-https", "tcp", 443, "0.0.0.0/0")...),
		"nodes fetch from a mirror in the VPC, and egress leads no further": narrowed(mirrored("http://172.31.0.10:5000")),
		"a rule in the group's own list beside those that are resources": append(without("platform-ssh-203.0.113.7_32"),
			modeltest.Set(model.GroupType, "platform-node", "ingress", []any{map[string]any{
				"protocol": "tcp", "fromPort": 22.0, "toPort": 22.0, "cidrBlocks": []any{"203.0.113.7/32"},
			}})),
		"a NodePort to a Service that names no target port": {modeltest.Unset("kubernetes:core/v1:Service", "shop-frontend", "spec.ports[0].targetPort")},
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

func TestLayers(t *testing.T) {
	stack := modeltest.Dev(t, modeltest.Layer("infra"))
	for _, path := range reach.Analyze(stack) {
		assert.False(t, path.Broken(), "%+v", path)
		assert.NotContains(t, path.What, "pods")
	}
	assert.Contains(t, modeltest.Gaps(stack), "reachability of pods: podCidr is in another stack")

	for _, layer := range []string{"cluster", "workloads"} {
		stack := modeltest.Dev(t, modeltest.Layer(layer))
		for _, path := range reach.Analyze(stack) {
			assert.False(t, path.Broken(), "%+v", path)
			assert.Equal(t, "workloads", layer, "%+v", path)
		}
		assert.Contains(t, modeltest.Gaps(stack), "reachability: this stack holds no machines", layer)
	}
}
