package rules_test

import (
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
)

const prepare = "platform-worker-node-1-prepare"

func pool(path string, value any) modeltest.Change {
	return set(model.PoolType, "platform-pool", path, value)
}

func command(path string, value any) modeltest.Change {
	return set(model.CommandType, prepare, path, value)
}

func connection(key string) modeltest.Change {
	return command("connection", map[string]any{"host": "192.0.2.1", "hostKey": key})
}

// server is the API server's version, whatever that of new clusters is.
var server = set(model.ClusterType, "platform", "kubernetesVersion", "1.35.0")

// forgotten is what the command provider's Check leaves of a connection that is secret and not known yet: line "secret
// unknown connection" of tests/lab/command/remote/testdata/command-1.1.3.txt.
var forgotten = secretOf(map[string]any{"host": "", "port": 22, "user": "root", "dialErrorLimit": 10, "perDialTimeout": 15})

var clusterFixtures = map[string][]fixture{
	"pools-without-tunnel": {
		{"IPIP between subnets", change(pool("spec.ipipMode", "CrossSubnet")), "has ipipMode CrossSubnet", "platform-pool", ""},
		{"VXLAN", change(pool("spec.vxlanMode", "Always")), "has vxlanMode Always", "platform-pool", ""},
		{"neither", nil, "", "", ""},
		{"Calico's default is neither", change(modeltest.Unset(model.PoolType, "platform-pool", "spec.ipipMode")), "", "", ""},
		{
			"it is not known", change(modeltest.Unknown(model.PoolType, "platform-pool", "spec.ipipMode")), "", "",
			model.PoolType + " platform-pool spec.ipipMode",
		},
	},
	"pools-inside-pod-cidr": {
		{"another block", change(pool("spec.cidr", "10.244.0.0/16")), "10.244.0.0/16, outside podCidr 192.168.0.0/16", "platform-pool", ""},
		{"a wider block", change(pool("spec.cidr", "192.168.0.0/15")), "outside podCidr", "platform-pool", ""},
		{"a part of it", change(pool("spec.cidr", "192.168.128.0/17")), "", "", ""},
		{
			"it is not known", change(modeltest.Unknown(model.PoolType, "platform-pool", "spec.cidr")), "", "",
			model.PoolType + " platform-pool spec.cidr",
		},
	},
	"host-key-pinned": {
		{"no host key", change(command("connection", map[string]any{"host": "192.0.2.1"})), "believes whatever machine answers", prepare, ""},
		{"not a host key", change(connection("SHA256:abc")), "is not an SSH public key", prepare, ""},
		{"a jump host without", change(connection(hostKey), command("connection.proxy", map[string]any{"host": "192.0.2.2"})),
			"connection.proxy of " + prepare, prepare, ""},
		{"a host key", change(connection(hostKey)), "", "", ""},
		{
			"a jump host that is not known", change(connection(hostKey), command("connection.proxy", forgotten)), "", "",
			model.CommandType + " " + prepare + " connection.proxy",
		},
		{"it is not known", nil, "", "", model.CommandType + " " + prepare + " connection"},
		{
			"it was not known, and the provider forgot that", change(command("connection", forgotten)), "", "",
			model.CommandType + " " + prepare + " connection",
		},
		{
			"a host key that was not known", change(command("connection", secretOf(map[string]any{"host": "192.0.2.1", "hostKey": ""}))), "", "",
			model.CommandType + " " + prepare + " connection.hostKey",
		},
		{
			"a secret connection that is known", change(command("connection", secretOf(map[string]any{"host": "192.0.2.1", "port": 22}))),
			"believes whatever machine answers", prepare, "",
		},
	},
	"no-secret-in-command": {
		{
			"a value that is secret", change(command("create", property.New("env P=x run").WithSecret(true))),
			"create of " + prepare + " holds a value that the program keeps secret", prepare, "",
		},
		{
			"a value that is secret and not known yet", change(command("create", property.New(property.Computed).WithSecret(true))),
			"keeps secret", prepare, "",
		},
		{
			"a value that is secret, and the provider forgot that it was not known", change(command("create", secretOf(""))),
			"keeps secret", prepare, "",
		},
		{
			"a variable whose value the provider forgot", change(command("environment", map[string]any{"TOKEN": secretOf("")})),
			"environment.TOKEN of " + prepare + " holds a value that the program keeps secret", prepare, "",
		},
		{"a password", change(command("create", "env DB_PASSWORD='hunter2' run")), "a value of DB_PASSWORD", prepare, ""},
		{"a key in the environment", change(command("environment", map[string]any{"KEY": "-----BEGIN RSA PRIVATE KEY-----"})),
			"environment.KEY of " + prepare + " holds a private key", prepare, ""},
		{"a secret's name in the environment", change(command("environment", map[string]any{"TOKEN": "abc"})), "by its name", prepare, ""},
		{"a password when it goes", change(command("delete", "reset --token abcdef")), "delete of " + prepare, prepare, ""},
		{"a secret on stdin", change(command("create", "run"), command("stdin", property.New("hunter2").WithSecret(true))), "", "", ""},
		{"the bootstrap's own commands", nil, "", "", model.CommandType + " " + prepare + " create"},
	},
	"version-skew": {
		{"a newer kubelet", change(server, command("create", "env KUBERNETES_VERSION='1.36.0' prepare.sh")), "kubelet 1.36.0 is newer", prepare, ""},
		{"a kubelet four minors older", change(server, command("create", "env KUBERNETES_VERSION='1.31.9' prepare.sh")), "more than 3", prepare, ""},
		{"a kubelet three minors older", change(server, command("create", "env KUBERNETES_VERSION='1.32.0' prepare.sh")), "", "", ""},
		{"the same version", change(server, command("create", "env KUBERNETES_VERSION='1.35.0' prepare.sh")), "", "", ""},
		{"it is not known", nil, "", "", model.CommandType + " " + prepare + " create"},
	},
	"calico-tested": {
		{
			"a newer Kubernetes",
			change(set(model.ClusterType, "platform", "kubernetesVersion", "1.99.2"), set(model.ClusterType, "platform", "calicoVersion", "3.28.1")),
			"Calico 3.28.1 is tested with Kubernetes 1.27 to ", "platform", "",
		},
		{
			"a Calico nobody here knows", change(set(model.ClusterType, "platform", "calicoVersion", "3.99.0")),
			"nobody is known to have tested", "platform", "",
		},
		{"tested together", change(server, set(model.ClusterType, "platform", "calicoVersion", "3.28.5")), "", "", ""},
	},
	"certificates-last": {
		{"one expires in ten days", change(certificate(10)), "certificate /etc/kubernetes/admin.conf of node control-plane expires on", "platform", ""},
		{"one has expired", change(certificate(-3)), "certificate /etc/kubernetes/admin.conf of node control-plane expired on", "platform", ""},
		{"all are good for months", change(certificate(200)), "", "", ""},
		{
			"it is not known", change(modeltest.Unknown(model.ClusterType, "platform", "certificates")), "", "",
			model.ClusterType + " platform certificates",
		},
	},
	"kubeconfigs-last": {
		{"a fifth of the time is left", change(kubeconfig(5)), "the kubeconfig of the role view is good until", "platform", ""},
		{"its time is over", change(kubeconfig(-1)), "the kubeconfig of the role view was good until", "platform", ""},
		{"most of its time is left", change(kubeconfig(20)), "", "", ""},
		{
			"it is not known", change(modeltest.Unknown(model.ClusterType, "platform", "kubeconfigTimes")), "", "",
			model.ClusterType + " platform kubeconfigTimes",
		},
	},
	"no-restore-armed": {
		{
			"the data is to be restored", change(set(model.ClusterType, "platform", "restores", map[string]any{"cluster": "", "data": "latest@today"})),
			`backup.restore.data "latest@today" restores unless it has been done`, "platform", "",
		},
		{"nothing is", change(set(model.ClusterType, "platform", "restores", map[string]any{"cluster": "", "data": ""})), "", "", ""},
		{
			"it is not known", change(modeltest.Unknown(model.ClusterType, "platform", "restores")), "", "",
			model.ClusterType + " platform restores",
		},
	},
}

// certificate is one that expires in so many days, and one that expires much later.
func certificate(days int) modeltest.Change {
	at := func(days int) string {
		return time.Now().AddDate(0, 0, days).Add(-time.Hour).UTC().Format(time.RFC3339)
	}
	return set(model.ClusterType, "platform", "certificates", []any{
		map[string]any{"node": "control-plane", "name": "/etc/kubernetes/pki/ca.crt", "expires": at(3650)},
		map[string]any{"node": "control-plane", "name": "/etc/kubernetes/admin.conf", "expires": at(days)},
	})
}

// kubeconfig is one of a role that was good for thirty days and is for so many more.
func kubeconfig(days int) modeltest.Change {
	at := func(days int) string {
		return time.Now().AddDate(0, 0, days).Add(-time.Hour).UTC().Format(time.RFC3339)
	}
	return set(model.ClusterType, "platform", "kubeconfigTimes", []any{
		map[string]any{"role": "view", "issued": at(days - 30), "expires": at(days)},
	})
}

const hostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDIeKv8WITmJLmgz8N51tutk8vStn36md2HVN6qM/JNX"
