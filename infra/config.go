package infra

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// Args is everything the layer needs. It has no defaults: the program's configuration has them.
type Args struct {
	// VpcCidr is the VPC's IPv4 block, /16 to /28: "172.31.0.0/20".
	VpcCidr string
	// SubnetCidr is the block of the one subnet, inside VpcCidr or equal to it.
	SubnetCidr string
	// AvailabilityZone of the subnet, "eu-central-1a"; empty takes the first that offers the types of all nodes.
	AvailabilityZone string
	// PodCidr is the block pods get addresses from, "192.168.0.0/16". AWS does not know it; the security groups must.
	PodCidr string
	// ServiceCidr is the block of Service addresses, "10.96.0.0/12". No packet on the network carries one.
	ServiceCidr string
	// AdminCidrs may reach SSH and the API server: ["203.0.113.7/32"]. Never the whole internet.
	AdminCidrs []string
	// ClientCidrs may reach the application: ["0.0.0.0/0"].
	ClientCidrs []string
	// NodePort is the application's port on every worker, 30000 to 32767.
	NodePort int
	// ShopPort is where the pods behind the NodePort listen, 80.
	ShopPort int
	// MetricsPort is where a node's monitoring agent listens, 9100.
	MetricsPort int
	// MetricsServerPort is where the pod of metrics-server listens, 4443; 0 where there is none.
	MetricsServerPort int
	// Monitoring tells that a pod on a worker asks kubelets, Calico and etcd for their metrics.
	Monitoring bool
	// IngressRules are rows of the user's own in the table of what nodes take from each other. Optional.
	IngressRules []IngressRule
	// AMIOwner is the account that publishes the image: "136693071363" is Debian's.
	AMIOwner string
	// AMIName is a pattern for the image's name, of which the newest is taken: "debian-13-amd64-*".
	AMIName string
	// CPUCredits is what burstable machines may do when their CPU credits are spent: "unlimited", run on and pay for it, or
	// "standard", slow down.
	CPUCredits string
	// KMSKeyID is the ARN of the key that encrypts the disks of new machines,
	// "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab". Default, the account's own for EBS.
	KMSKeyID string
	// DetailedMonitoring sends the machines' figures to CloudWatch every minute instead of every five. Optional.
	DetailedMonitoring bool
	// AuthorizedKeys are the public login keys of new machines in authorized_keys form, first the one that the program uses.
	// On a machine that runs they are the cluster's matter.
	AuthorizedKeys []string
	// Backup is where in S3 the control plane keeps its backups. Optional: with a bucket it gets a role that may.
	Backup Bucket
	// Nodes are the machines, exactly one of them the control plane.
	Nodes []Node
}

// Bucket is a place in S3, of a bucket that exists.
type Bucket struct {
	// Name is the bucket's, "shop-backups".
	Name string
	// Prefix is the part of the bucket, "prod"; empty for all of it.
	Prefix string
	// Partition is the part of AWS that it is in, "aws" or "aws-cn".
	Partition string
}

// Node is one machine to make.
type Node struct {
	// Name is host name, resource name and the node's name in Kubernetes: "worker-node-1".
	Name string
	// Role is control-plane or worker.
	Role string
	// PrivateIP is the fixed address inside the subnet: "172.31.2.239".
	PrivateIP string
	// InstanceType is an x86_64 type: "t3.medium".
	InstanceType string
	// RootVolumeGiB is the size of the first disk: 20.
	RootVolumeGiB int
	// Volumes are the disks of the machine besides its first. They outlive it. Optional.
	Volumes []Volume
	// Holds names what is on the machine's disk and nowhere else, "etcd"; empty for nothing. Optional.
	Holds string
	// Protect makes Pulumi refuse to delete or replace the machine. Optional.
	Protect bool
	// Turn resolves when the machine may be changed or replaced; until then its resource is not registered. It becomes no
	// dependency of the machine. Optional.
	Turn pulumi.Output
	// HostKey is the private ed25519 SSH host key in OpenSSH PEM form; it is kept secret.
	HostKey pulumi.StringInput
	// HostPublicKey is its public half in authorized_keys form.
	HostPublicKey string
}

// Volume is an EBS volume of its own, which goes over to the machine that takes another one's place.
type Volume struct {
	// Name is part of the resource's name: "postgres".
	Name string
	// Type is gp2 or gp3.
	Type string
	// GiB is its size. It can grow.
	GiB int
	// Holds names what is on it and nowhere else, "database". Optional.
	Holds string
	// Protect makes Pulumi refuse to delete or replace it. Optional.
	Protect bool
}
