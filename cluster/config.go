package cluster

import (
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/infra/boundary"
)

// Args describe the cluster to build on machines that already run. Every field but those
// marked optional must be set: the defaults live in Pulumi.yaml.
type Args struct {
	// Nodes are the machines, exactly one of them the control plane.
	Nodes []Node
	// KubernetesVersion is a full version without the v, of a minor that versions lists.
	KubernetesVersion string
	// ContainerdVersion is a full version without the v, of 2.0 or later.
	ContainerdVersion string
	// CalicoVersion is a full version without the v.
	CalicoVersion string
	// CalicoManifestSHA256 is the checksum, in hexadecimal, of that version's manifests/calico.yaml.
	CalicoManifestSHA256 string
	// CloudNativePGVersion is a full version without the v. The cluster then knows its resource types, and nodes pull its image where
	// the others come from. Default, it has none of it; once there, the types stay.
	CloudNativePGVersion string
	// CloudNativePGManifestSHA256 is the checksum, in hexadecimal, of that version's releases/cnpg-<version>.yaml. Required with a version.
	CloudNativePGManifestSHA256 string
	// PodCidr holds the addresses of pods, e.g. 192.168.0.0/16; Calico hands it out in blocks of 64.
	PodCidr string
	// ServiceCidr holds the addresses of Services, e.g. 10.96.0.0/12; its tenth address is the DNS.
	ServiceCidr string
	// LoginKey is the private key, in PEM, that logs in as the user admin. Secret.
	LoginKey pulumi.StringInput
	// AuthorizedKeys are the public keys, in authorized_keys form, that may log in as that user, LoginKey's among them. Any
	// other is taken away.
	AuthorizedKeys []string
	// Kubelet holds further fields of KubeletConfiguration for every node, e.g. maxPods: 60. Optional.
	Kubelet map[string]any
	// NodeMonitorGracePeriod is how long a node may be silent before it counts as not ready, in whole seconds and at least 16 of them. Its
	// kubelet reports four times in it. Default, Kubernetes' own: 50 seconds, and a report every ten.
	NodeMonitorGracePeriod time.Duration
	// KubeProxy holds further fields of KubeProxyConfiguration, e.g. conntrack: {maxPerCore: 0}. Optional.
	KubeProxy map[string]any
	// IgnorePreflightErrors names checks of kubeadm that only warn, e.g. SystemVerification. Optional.
	IgnorePreflightErrors []string
	// Containerd adjusts the container runtime of every node.
	Containerd Containerd
	// Mirrors say where packages, images and manifests come from; what is empty is public.
	Mirrors Mirrors
	// RegistryCAs are the PEM certificates by which nodes trust a registry, by its host, e.g. registry.example.com:5000.
	RegistryCAs map[string]string
	// NodeExporterImage is the monitoring agent's image with a tag or a digest.
	NodeExporterImage string
	// MetricsServer tells that metrics-server runs in the cluster, which needs a certificate of its authority.
	MetricsServer bool
	// Monitoring tells that something in the cluster asks etcd and Calico for their metrics.
	Monitoring bool
	// JournalPort is where an agent takes each node's journal, on 127.0.0.1 there. Default, the journal stays on the node alone.
	JournalPort int
	// Backup says where backups go and when. Without a destination there are none.
	Backup Backup
	// BackupPassword encrypts the backups. Secret; required with a destination.
	BackupPassword pulumi.StringInput
	// BackupKey opens a storage that is not AWS; required there. Secret.
	BackupKey AccessKey
	// Dumps are what backups hold of applications. Optional.
	Dumps []boundary.Dump
	// CertificateRenewal is any text; another one renews every certificate but the authorities'. Optional.
	CertificateRenewal string
	// Kubeconfigs are those of the roles admin, edit and view.
	Kubeconfigs Kubeconfigs
	// OIDC is who vouches for people, and Access which of its groups have which role. Optional.
	OIDC   OIDC
	Access Access
	// AuditLog is what the API server writes down of the requests it gets.
	AuditLog AuditLog
	// SecretsKeyRotation is any text; another one makes a new key that Secrets are encrypted with in etcd. Optional.
	SecretsKeyRotation string
	// OSUpdate is any text; another one updates the packages of every node's system and starts its machine again. Optional.
	OSUpdate string
	// Stands tells that the cluster was complete after an earlier update. Until then there is nothing to move off a machine.
	Stands bool
	// Identifier names the cluster for Kubernetes providers. It must be known before the cluster is
	// there and must never change: another one replaces every Kubernetes resource.
	Identifier string
}

// Node is one machine of the cluster.
type Node struct {
	// Name is the machine's host name and the name of its Kubernetes Node.
	Name string
	// Role is control-plane or worker.
	Role string
	// PrivateIP is the address the nodes use among themselves.
	PrivateIP string
	// Address is where SSH, and on the control plane the API server, are reached from here.
	Address pulumi.StringInput
	// HostPublicKey is the machine's SSH host key in authorized_keys form; every connection insists on it.
	HostPublicKey string
	// Labels are put on the Node besides the worker role. Optional.
	Labels map[string]string
	// Taints are put on the Node; the control plane keeps its own one as well. Optional.
	Taints []boundary.Taint
	// Volumes are the local volumes of the node. One that is no longer named stays. Optional.
	Volumes []Volume
	// Monitoring runs the monitoring agent here as a static pod.
	Monitoring bool
	// Instance is the machine as a resource. When it is deleted, nothing that ran on it is undone
	// first. Optional: a stack that does not own the machines has none.
	Instance pulumi.Resource
	// MachineType is the machine's type, "t3.medium". Another one stops the machine, so its pods leave first. It is for
	// stacks that own the machines. Optional.
	MachineType string
	// VolumeGiB is the size of the machine's disk, which the node uses all of. It goes with MachineType.
	VolumeGiB int
	// Elastic is Address known without the machine, for what has to be done before the machine changes. It goes with
	// MachineType, on the control plane.
	Elastic pulumi.StringInput
	// MachineID changes when another machine takes this one's place under the same address, which
	// then is bootstrapped anew. Optional: the ID of Instance, where there is one.
	MachineID pulumi.StringInput
}

// Volume is a file system of its own on a node.
type Volume struct {
	// Directory is where it is mounted, e.g. /var/lib/platform/volumes/postgres. Its directory data is for pods.
	Directory string
	// GiB is its size. It can grow.
	GiB int
	// DiskID is the ID of the EBS volume that has nothing else on it. Optional: otherwise it is a part of the node's first disk.
	DiskID pulumi.StringInput
}

// Containerd are settings of the container runtime.
type Containerd struct {
	// RestrictOomScoreAdj lets containers start where the runtime may not lower oom_score_adj.
	RestrictOomScoreAdj bool `json:"restrictOomScoreAdj"`
}

// Mirrors replace the public sources, for networks without a way to them.
type Mirrors struct {
	// Packages is a base URL with a Debian repository in debian/ and Kubernetes' in kubernetes/v<minor>/deb/.
	Packages string `json:"packages"`
	// PackagesKey is the armored OpenPGP public key that both repositories are signed with.
	PackagesKey string `json:"packagesKey"`
	// Images is the base URL of a registry with the repositories of docker.io, registry.k8s.io and quay.io, and with CloudNativePG those of
	// ghcr.io.
	Images string `json:"images"`
	// Manifests is a base URL with Calico's manifest in calico/v<version>/calico.yaml, and CloudNativePG's in
	// cloudnative-pg/v<version>/cnpg-<version>.yaml.
	Manifests string `json:"manifests"`
}

// controlPlane returns the node the API server runs on; Validate has made sure that there is one.
func (a *Args) controlPlane() Node {
	for _, node := range a.Nodes {
		if node.Role == boundary.ControlPlane {
			return node
		}
	}
	return Node{}
}
