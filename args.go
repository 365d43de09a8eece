package main

import (
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/cluster"
	"ecommerce-platform/infra"
	"ecommerce-platform/infra/boundary"
	"ecommerce-platform/workloads"
	"ecommerce-platform/workloads/metricsserver"
	"ecommerce-platform/workloads/monitoring"
)

// deadAfter is how long a node is silent before another server takes over from one that it has.
const deadAfter = 16 * time.Second

// cloudNativePGImage is where the project publishes the operator, less the version.
const cloudNativePGImage = "ghcr.io/cloudnative-pg/cloudnative-pg:"

// What each layer is told: the configuration, cut for it, and what lies below.

func (c *Config) infraArgs(keys *cluster.Keys) *infra.Args {
	args := &infra.Args{
		VpcCidr: c.VpcCidr, SubnetCidr: c.SubnetCidr, AvailabilityZone: c.AvailabilityZone,
		PodCidr: c.PodCidr, ServiceCidr: c.ServiceCidr,
		AdminCidrs: c.AdminCidrs, ClientCidrs: c.ClientCidrs,
		NodePort: c.NodePort, ShopPort: c.Frontend.Port, MetricsPort: cluster.MonitoringPort,
		AMIOwner: c.AMIOwner, AMIName: c.AMIName, CPUCredits: c.CPUCredits,
		KMSKeyID: c.KMSKeyID, DetailedMonitoring: c.DetailedMonitoring,
		AuthorizedKeys: keys.Authorized(),
	}
	if args.SubnetCidr == "" {
		args.SubnetCidr = c.VpcCidr
	}
	args.IngressRules = c.IngressRules
	if c.MetricsServer {
		args.MetricsServerPort = metricsserver.Port
	}
	args.Monitoring = c.Monitoring.Enabled
	args.Backup = c.bucket()
	for _, node := range c.Nodes {
		host := keys.Hosts[node.Name]
		args.Nodes = append(args.Nodes, infra.Node{
			Name: node.Name, Role: node.Role, PrivateIP: node.PrivateIP,
			InstanceType:  orDefault(node.InstanceType, c.InstanceType),
			RootVolumeGiB: orDefault(node.RootVolumeGiB, c.RootVolumeGiB),
			HostKey:       secret(host.Private), HostPublicKey: host.Public,
		})
		held := &args.Nodes[len(args.Nodes)-1]
		held.Holds, held.Protect = c.holds(node)
		held.Volumes = c.disks(node.Name)
	}
	return args
}

// holds tells what a machine's disk holds that is nowhere else, and whether that is protected.
func (c *Config) holds(node Node) (what string, protect bool) {
	switch {
	case node.Role == boundary.ControlPlane:
		return "etcd", c.ProtectControlPlane
	case c.holdsDatabase(node.Name) && !c.Postgres.OwnDisk():
		return "database", c.ProtectDatabase
	}
	return "", false
}

func (c *Config) clusterArgs(keys *cluster.Keys, machines []machine, identifier string) *cluster.Args {
	args := &cluster.Args{
		KubernetesVersion: c.KubernetesVersion,
		ContainerdVersion: c.ContainerdVersion, CalicoVersion: c.CalicoVersion, CalicoManifestSHA256: c.CalicoManifestSHA256,
		PodCidr: c.PodCidr, ServiceCidr: c.ServiceCidr,
		LoginKey: secret(keys.Logins[0].Private), AuthorizedKeys: keys.Authorized(),
		Kubelet: c.Kubelet, KubeProxy: c.KubeProxy, IgnorePreflightErrors: c.IgnorePreflightErrors, Containerd: c.Containerd,
		Mirrors: c.Mirrors, RegistryCAs: c.registryCAs(), NodeExporterImage: c.NodeExporterImage,
		MetricsServer: c.MetricsServer, Monitoring: c.Monitoring.Enabled,
		CertificateRenewal: c.CertificateRenewal, OSUpdate: c.OSUpdate,
		AuditLog: c.AuditLog, SecretsKeyRotation: c.SecretsKeyRotation,
		Kubeconfigs: c.Kubeconfigs, OIDC: c.OIDC, Access: c.Access,
		Backup: c.Backup, BackupPassword: secret(orDefault(c.BackupPassword, keys.Backup)), BackupKey: c.BackupKey, Dumps: c.Postgres.Dumps(c.Namespace),
		Identifier: identifier,
	}
	if c.Postgres.Replicated() {
		args.NodeMonitorGracePeriod = deadAfter
		args.CloudNativePGVersion, args.CloudNativePGManifestSHA256 = c.CloudNativePGVersion, c.CloudNativePGManifestSHA256
	}
	if c.Monitoring.Enabled {
		args.JournalPort = monitoring.AgentPort
	}
	for _, node := range machines {
		args.Nodes = append(args.Nodes, cluster.Node{
			Name: node.Name, Role: node.Role, PrivateIP: node.PrivateIP,
			Address: node.address, Instance: node.instance, MachineID: node.id,
			HostPublicKey: keys.Hosts[node.Name].Public,
			Labels:        node.Labels, Taints: node.Taints, Monitoring: node.Monitoring || c.Monitoring.Enabled,
			Volumes: node.mounts(c.volumes(node.Name)),
		})
		if node.instance != nil {
			held := &args.Nodes[len(args.Nodes)-1]
			held.MachineType, held.VolumeGiB = orDefault(node.InstanceType, c.InstanceType), orDefault(node.RootVolumeGiB, c.RootVolumeGiB)
			held.Elastic = node.elastic
		}
	}
	return args
}

// bucket is where the control plane's role may keep backups; none with another service's bucket, or one that a key opens,
// which are no matter of AWS's roles. What is wrong with a destination, the cluster's arguments tell.
func (c *Config) bucket() infra.Bucket {
	place, err := cluster.ParseS3(c.Backup.Destination)
	if err != nil || place.Partition() == "" || c.BackupKey != (cluster.AccessKey{}) {
		return infra.Bucket{}
	}
	return infra.Bucket{Name: place.Bucket, Prefix: place.Prefix, Partition: place.Partition()}
}

// registryCAs are the certificates that nodes are to trust, by registry.
func (c *Config) registryCAs() map[string]string {
	certificates := map[string]string{}
	for host, registry := range c.Registries {
		if registry.CACertificate != "" {
			certificates[host] = registry.CACertificate
		}
	}
	return certificates
}

// logins are the users of registries, by registry.
func (c *Config) logins() map[string]workloads.Login {
	logins := map[string]workloads.Login{}
	for host, registry := range c.Registries {
		if registry.Username != "" {
			logins[host] = workloads.Login{Username: registry.Username}
		}
	}
	for host, password := range c.RegistryPasswords {
		logins[host] = workloads.Login{Username: logins[host].Username, Password: password}
	}
	return logins
}

func (c *Config) workloadsArgs(machines []machine, identifier string, kubeconfig pulumi.StringOutput) *workloads.Args {
	args := &workloads.Args{
		Kubeconfig: kubeconfig, Identifier: identifier,
		Namespace: c.Namespace, NodePort: c.NodePort, DatabasePassword: secret(c.DatabasePassword),
		Frontend: c.Frontend, Backend: c.Backend, Postgres: c.Postgres, Redis: c.Redis,
		Isolation: c.Isolation, Quota: c.Quota, PodCidr: c.PodCidr,
		Logins:             c.logins(),
		CloudNativePGImage: cloudNativePGImage + c.CloudNativePGVersion,
		MetricsServer:      c.MetricsServer, MetricsServerImage: c.MetricsServerImage,
		Monitoring: c.Monitoring, Alerting: c.Alerting, MonitoringImages: monitoring.Images{
			VictoriaMetrics: c.VictoriaMetricsImage, KubeStateMetrics: c.KubeStateMetricsImage, VMAlert: c.VMAlertImage, Alertmanager: c.AlertmanagerImage,
			VictoriaLogs: c.VictoriaLogsImage, Agent: c.VLAgentImage,
		},
	}
	args.Frontend.SecretEnv, args.Backend.SecretEnv = c.SecretEnv.Frontend, c.SecretEnv.Backend
	for _, node := range machines {
		if node.Role == boundary.ControlPlane {
			args.ControlPlane = node.instance
			continue
		}
		worker := node.placement()
		worker.Address = node.address
		args.Nodes = append(args.Nodes, worker)
	}
	return args
}

// placement is a worker that pods may be placed on, without its address.
func (n Node) placement() workloads.Placement {
	return workloads.Placement{Name: n.Name, Labels: n.Labels, Taints: n.Taints}
}

// inTurn are the nodes in the order in which their machines change.
func (c *Config) inTurn() []Node {
	i := c.controlPlaneIndex()
	return append([]Node{c.Nodes[i]}, slices.Delete(slices.Clone(c.Nodes), i, i+1)...)
}

func secret(text string) pulumi.StringOutput {
	return pulumi.ToSecret(pulumi.String(text)).(pulumi.StringOutput)
}

func orDefault[T comparable](value, fallback T) T {
	var unset T
	if value == unset {
		return fallback
	}
	return value
}
