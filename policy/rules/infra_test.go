package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
)

const (
	worker  = "worker-node-1"
	control = "control-plane"
	sshRule = "platform-ssh-203.0.113.7_32"
)

func instance(path string, value any) modeltest.Change {
	return set(model.InstanceType, worker, path, value)
}

func options(name string, change func(*policyx.AnalyzerResource)) modeltest.Change {
	return modeltest.Edit(model.InstanceType, name, change)
}

func ingress(name, path string, value any) modeltest.Change {
	return set(model.IngressType, name, path, value)
}

// offices lets administrators in from so many blocks more.
func offices(count int) modeltest.Change {
	var list []any
	for i := range count {
		list = append(list, map[string]any{
			"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": []any{fmt.Sprintf("198.51.100.%d/32", i)},
		})
	}
	return set(model.GroupType, "platform-node", "ingress", list)
}

// stackNamed gives the stack another name.
func stackNamed(name string) modeltest.Change {
	return func(_ testing.TB, resources []policyx.AnalyzerResource) []policyx.AnalyzerResource {
		for i := range resources {
			resources[i].URN = strings.Replace(resources[i].URN, "urn:pulumi:dev::", "urn:pulumi:"+name+"::", 1)
		}
		return resources
	}
}

// unknown makes a value one that the stack below will tell.
func unknown(token, name, property, path string) []modeltest.Change {
	return change(modeltest.Unknown(token, name, path), modeltest.From(token, name, property, "", "below"))
}

// ownDisk gives the database an EBS volume.
func ownDisk(t testing.TB, resources []policyx.AnalyzerResource) []policyx.AnalyzerResource {
	resources = modeltest.Unset(model.InstanceType, "worker-node-2", "tags.Holds")(t, resources)
	return modeltest.Add(model.VolumeType, "worker-node-2-postgres", map[string]any{
		"encrypted": true, "type": "gp3", "size": 5, "tags": map[string]any{"Holds": "database"},
	})(t, resources)
}

var infraFixtures = map[string][]fixture{
	"world-open-port": {
		{"SSH is open to everybody", change(ingress(sshRule, "cidrIpv4", "0.0.0.0/0")), "tcp port 22 is open to 0.0.0.0/0", sshRule, ""},
		{"SSH is open to half of everybody", change(ingress(sshRule, "cidrIpv4", "128.0.0.0/1")), "open to 128.0.0.0/1", sshRule, ""},
		{
			"SSH is open to everybody on IPv6",
			change(modeltest.Unset(model.IngressType, sshRule, "cidrIpv4"), ingress(sshRule, "cidrIpv6", "::/0")), "open to ::/0", sshRule, "",
		},
		{"every port is open to everybody", change(
			ingress(sshRule, "cidrIpv4", "0.0.0.0/0"), ingress(sshRule, "ipProtocol", "-1"),
		), "every port is open to 0.0.0.0/0", sshRule, ""},
		{
			"a NodePort of no Service is open to everybody",
			change(ingress("platform-node-port-0.0.0.0_0", "fromPort", 30081), ingress("platform-node-port-0.0.0.0_0", "toPort", 30081)),
			"tcp port 30081 is open", "platform-node-port-0.0.0.0_0", "",
		},
		{
			"SSH is open to everybody in the group's own list, beside rules that are resources", change(set(model.GroupType, "platform-node", "ingress", []any{
				map[string]any{"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": []any{"0.0.0.0/0"}},
			})), "tcp port 22 is open to 0.0.0.0/0", "platform-node", "",
		},
		{
			"a port of the group's own list is not known", change(set(model.GroupType, "platform-node", "ingress", []any{
				map[string]any{"protocol": "tcp", "fromPort": property.New(property.Computed), "toPort": 22, "cidrBlocks": []any{"0.0.0.0/0"}},
			})), "", "", model.GroupType + " platform-node ingress[0].fromPort",
		},
		{"the NodePort is open to everybody", nil, "", "", ""},
		{
			"a NodePort of another protocol is open to everybody", change(set(serviceType, frontend, "spec.ports[0].protocol", "UDP")),
			"tcp port 30080 is open", "platform-node-port-0.0.0.0_0", "",
		},
		{"the NodePort is open to everybody on UDP", change(
			set(serviceType, frontend, "spec.ports[0].protocol", "UDP"), ingress("platform-node-port-0.0.0.0_0", "ipProtocol", "udp"),
		), "", "", ""},
		{"SSH is open to a company", change(ingress(sshRule, "cidrIpv4", "10.0.0.0/8")), "", "", ""},
		{
			"it is not known who may use SSH", unknown(model.IngressType, sshRule, "cidrIpv4", "cidrIpv4"), "", "",
			model.IngressType + " " + sshRule + " cidrIpv4",
		},
	},
	"group-rules-together": {
		{"two more in the list", change(offices(2)), "security group platform-node has 2 rules in its own list and", "platform-node", ""},
		{"a list of the other direction", change(set(model.GroupType, "platform-worker", "egress", []any{
			map[string]any{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": []any{"0.0.0.0/0"}},
		})), "", "", ""},
		{"rules that are resources", nil, "", "", ""},
	},
	"source-dest-check-off": {
		{"the check is on", change(instance("sourceDestCheck", true)), "is on", worker, ""},
		{"the check is left to AWS", change(modeltest.Unset(model.InstanceType, worker, "sourceDestCheck")), "is on", worker, ""},
		{"the check is off", nil, "", "", ""},
		{
			"it is not known", unknown(model.InstanceType, worker, "sourceDestCheck", "sourceDestCheck"), "", "",
			model.InstanceType + " " + worker + " sourceDestCheck",
		},
	},
	"one-subnet": {
		{"a worker is in a second subnet", change(
			modeltest.Copy(model.SubnetType, "platform-public", "platform-second"),
			modeltest.From(model.InstanceType, worker, "subnetId", model.SubnetType, "platform-second"),
		), "worker-node-1 is in subnet platform-second and control-plane in subnet platform-public", worker, ""},
		{"a machine of no role is elsewhere", change(
			modeltest.Copy(model.SubnetType, "platform-public", "platform-second"), modeltest.Copy(model.InstanceType, worker, "bastion"),
			set(model.InstanceType, "bastion", "tags", map[string]any{"Name": "bastion"}),
			modeltest.From(model.InstanceType, "bastion", "subnetId", model.SubnetType, "platform-second"),
		), "", "", ""},
		{"a second subnet holds no node", change(modeltest.Copy(model.SubnetType, "platform-public", "platform-second")), "", "", ""},
		{
			"the subnet is another stack's", unknown(model.InstanceType, worker, "subnetId", "subnetId"), "", "",
			model.InstanceType + " " + worker + " subnetId",
		},
	},
	"imds-v2": {
		{"no token is needed", change(instance("metadataOptions.httpTokens", "optional")), "without a session token", worker, ""},
		{"nothing is said", change(modeltest.Unset(model.InstanceType, worker, "metadataOptions")), "without a session token", worker, ""},
		{"pods get answers", change(instance("metadataOptions.httpPutResponseHopLimit", 2)), "2 hops away", worker, ""},
		{"tokens are needed", nil, "", "", ""},
		{"the service is off", change(instance("metadataOptions", map[string]any{"httpEndpoint": "disabled"})), "", "", ""},
		{
			"it is not known", unknown(model.InstanceType, worker, "metadataOptions", "metadataOptions.httpTokens"), "", "",
			model.InstanceType + " " + worker + " metadataOptions.httpTokens",
		},
	},
	"volumes-encrypted": {
		{"the root volume is plain", change(instance("rootBlockDevice.encrypted", false)), "rootBlockDevice of worker-node-1", worker, ""},
		{"nothing is said", change(modeltest.Unset(model.InstanceType, worker, "rootBlockDevice")), "is not encrypted", worker, ""},
		{
			"a second volume is plain", change(instance("ebsBlockDevices", []any{map[string]any{"deviceName": "/dev/sdf"}})),
			"ebsBlockDevices[0]", worker, "",
		},
		{"all are encrypted", change(instance("ebsBlockDevices", []any{map[string]any{"encrypted": true}})), "", "", ""},
	},
	"ami-change-keeps-nodes": {
		{
			"the image counts", change(options(worker, func(r *policyx.AnalyzerResource) { r.Options.IgnoreChanges = nil })),
			"replaces worker-node-1", worker, "",
		},
		{
			"more than the image is ignored",
			change(options(worker, func(r *policyx.AnalyzerResource) { r.Options.IgnoreChanges = []string{"tags", "ami"} })), "", "", "",
		},
	},
	"control-plane-protected": {
		{"production is not protected", change(stackNamed("prod")), "holds etcd", control, ""},
		{"a stack whose name starts like it is not development", change(stackNamed("devout")), "holds etcd", control, ""},
		{"production is protected", change(
			stackNamed("prod"), options(control, func(r *policyx.AnalyzerResource) { r.Options.Protect = true }),
		), "", "", ""},
		{"the development stack need not be", nil, "", "", ""},
		{"nor its infrastructure", change(stackNamed("dev-infra")), "", "", ""},
		{"nor its cluster", change(stackNamed("dev-cluster")), "", "", ""},
		{"nor its workloads", change(stackNamed("dev-workloads")), "", "", ""},
		{"another region of it is not development", change(stackNamed("dev-eu")), "holds etcd", control, ""},
		{"nor is another stack that begins like it", change(stackNamed("develop")), "holds etcd", control, ""},
		{"nor one with any other ending", change(stackNamed("dev-x")), "holds etcd", control, ""},
	},
	"database-protected": {
		{"production is not protected", change(stackNamed("prod")), "worker-node-2 holds the database's data", "worker-node-2", ""},
		{"production is protected", change(
			stackNamed("prod"), options("worker-node-2", func(r *policyx.AnalyzerResource) { r.Options.Protect = true }),
		), "", "", ""},
		{"another region of development is not exempt", change(stackNamed("dev-eu")), "worker-node-2 holds", "worker-node-2", ""},
		{"a disk of its own is not protected", change(ownDisk, stackNamed("prod")), "worker-node-2-postgres holds the database's data", "worker-node-2-postgres", ""},
		{"a disk of its own is protected, and its machine need not be", change(
			ownDisk, stackNamed("prod"), modeltest.Edit(model.VolumeType, "worker-node-2-postgres", func(r *policyx.AnalyzerResource) { r.Options.Protect = true }),
		), "", "", ""},
		{"no machine of this stack holds them", change(stackNamed("prod"), modeltest.Unset(model.InstanceType, "worker-node-2", "tags.Holds")), "", "", ""},
		{"the development stack need not be", nil, "", "", ""},
	},
	"data-kept": {
		{"the database's machine is another one", change(set(model.EipType, "worker-node-2", "allocationId", "eipalloc-1")),
			"another machine takes the place of worker-node-2, and with its disk goes what is there of database", "worker-node-2", ""},
		{"the control plane is another one", change(set(model.EipType, control, "allocationId", "eipalloc-1")), "of etcd", control, ""},
		{"a machine without data is another one", change(set(model.EipType, worker, "allocationId", "eipalloc-1")), "", "", ""},
		{"the database's machine stays", change(
			set(model.EipType, "worker-node-2", "allocationId", "eipalloc-1"), set(model.InstanceType, "worker-node-2", "arn", "arn:aws:ec2:eu-central-1:1:instance/i-1"),
		), "", "", ""},
		{"all machines are new", nil, "", "", ""},
	},
	"cidrs-apart": {
		{
			"pods have addresses of the VPC", change(set(model.PoolType, "platform-pool", "spec.cidr", "172.31.8.0/21")),
			"pool platform-pool 172.31.8.0/21 overlaps VPC platform-vpc 172.31.0.0/20", "platform-pool", "",
		},
		{
			"Services have addresses of the VPC", change(set(model.ClusterType, "platform", "serviceCidr", "172.16.0.0/12")),
			"serviceCidr 172.16.0.0/12 overlaps VPC", "platform", "",
		},
		{"two subnets share addresses", change(
			modeltest.Copy(model.SubnetType, "platform-public", "platform-second"),
			set(model.SubnetType, "platform-second", "cidrBlock", "172.31.8.0/21"),
		), "subnet platform-second 172.31.8.0/21 overlaps subnet platform-public", "platform-second", ""},
		{"the VPC is next to the Services", change(set(model.ClusterType, "platform", "serviceCidr", "172.31.16.0/20")), "", "", ""},
		{
			"the VPC's block is not known", unknown(model.VpcType, "platform-vpc", "cidrBlock", "cidrBlock"), "", "",
			model.VpcType + " platform-vpc cidrBlock",
		},
	},
}
