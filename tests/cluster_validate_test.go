package tests

import (
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/cluster"
	"ecommerce-platform/cluster/versions"
	"ecommerce-platform/infra/boundary"
	"ecommerce-platform/tests/pulumitest"
)

func TestClusterValidation(t *testing.T) {
	assert.Empty(t, clusterArgs().Validate())
	notALabel := " name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
	notAValue := " a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
	for name, c := range map[string]struct {
		spoil func(*cluster.Args)
		want  []string
	}{
		"a pod network that is none":     {func(a *cluster.Args) { a.PodCidr = "x" }, []string{`podCidr "x": not an IPv4 CIDR block`}},
		"an IPv6 pod network":            {func(a *cluster.Args) { a.PodCidr = "fd00::/48" }, []string{`podCidr "fd00::/48": not an IPv4 CIDR block`}},
		"host bits":                      {func(a *cluster.Args) { a.PodCidr = "192.168.1.0/16" }, []string{`podCidr "192.168.1.0/16": has host bits set, use "192.168.0.0/16"`}},
		"a service network that is none": {func(a *cluster.Args) { a.ServiceCidr = "10.96.0.0" }, []string{`serviceCidr "10.96.0.0": not an IPv4 CIDR block`}},
		"overlapping networks":           {func(a *cluster.Args) { a.ServiceCidr = "192.168.0.0/20" }, []string{`serviceCidr "192.168.0.0/20": overlaps podCidr "192.168.0.0/16"`}},
		"a service network too small":    {func(a *cluster.Args) { a.ServiceCidr = "10.96.0.0/25" }, []string{`serviceCidr "10.96.0.0/25": its size must be from /12 to /24`}},
		"a service network too large":    {func(a *cluster.Args) { a.ServiceCidr = "10.0.0.0/8" }, []string{`serviceCidr "10.0.0.0/8": its size must be from /12 to /24`}},
		"a pod network too small":        {func(a *cluster.Args) { a.PodCidr = "192.168.0.0/25" }, []string{`podCidr "192.168.0.0/25": holds 2 blocks of /26, but each of the 3 nodes needs one`}},
		"a pod network without a block":  {func(a *cluster.Args) { a.PodCidr = "192.168.0.0/28" }, []string{`podCidr "192.168.0.0/28": holds 0 blocks of /26, but each of the 3 nodes needs one`}},
		"a node in the pod network":      {func(a *cluster.Args) { a.Nodes[1].PrivateIP = "192.168.0.9" }, []string{`nodes[1].privateIp "192.168.0.9": inside podCidr "192.168.0.0/16"`}},
		"a node in the service network":  {func(a *cluster.Args) { a.Nodes[1].PrivateIP = "10.96.0.9" }, []string{`nodes[1].privateIp "10.96.0.9": inside serviceCidr "10.96.0.0/12"`}},

		"half a version":     {func(a *cluster.Args) { a.KubernetesVersion = "1.35" }, []string{`kubernetesVersion "1.35": not a full version such as ` + clusterRelease.Version}},
		"a version with a v": {func(a *cluster.Args) { a.KubernetesVersion = "v1.35.0" }, []string{`kubernetesVersion "v1.35.0": not a full version such as ` + clusterRelease.Version}},
		"an unsupported version": {func(a *cluster.Args) { a.KubernetesVersion = "1.33.9" },
			[]string{`kubernetesVersion "1.33.9": minor version 1.33 is not supported, use ` + strings.Join(versions.All.Kubernetes.Minors(), " or ")}},
		"an older generation of containerd": {func(a *cluster.Args) { a.ContainerdVersion = "1.7.27" },
			[]string{`containerdVersion "1.7.27": not a full version of 2.0 or later, such as ` + versions.All.Containerd.Version}},
		"half a version of Calico": {func(a *cluster.Args) { a.CalicoVersion = "3.28" }, []string{`calicoVersion "3.28": not a full version such as ` + versions.All.Calico.Version}},
		"a short checksum":         {func(a *cluster.Args) { a.CalicoManifestSHA256 = "2066" }, []string{`calicoManifestSha256 "2066": not a SHA-256 checksum in 64 lower-case hexadecimal digits`}},

		"half a version of CloudNativePG": {func(a *cluster.Args) {
			a.CloudNativePGVersion, a.CloudNativePGManifestSHA256 = "1.30", versions.All.CloudNativePG.ManifestSHA256
		}, []string{`cloudNativePGVersion "1.30": not a full version such as ` + versions.All.CloudNativePG.Version}},
		"CloudNativePG without a checksum": {func(a *cluster.Args) { a.CloudNativePGVersion = versions.All.CloudNativePG.Version },
			[]string{`cloudNativePGManifestSha256 "": not a SHA-256 checksum in 64 lower-case hexadecimal digits`}},
		"a checksum without CloudNativePG": {func(a *cluster.Args) { a.CloudNativePGManifestSHA256 = "2066" },
			[]string{`cloudNativePGManifestSha256 "2066": has no use without cloudNativePGVersion`}},

		"a name that is no DNS label": {func(a *cluster.Args) { a.Nodes[1].Name = "worker_1" }, []string{`nodes[1].name "worker_1": not a DNS label`}},
		"a name twice":                {func(a *cluster.Args) { a.Nodes[2].Name = "worker-node-1" }, []string{`nodes[2].name "worker-node-1": duplicate of nodes[1].name`}},
		"an unknown role":             {func(a *cluster.Args) { a.Nodes[1].Role = "master" }, []string{`nodes[1].role "master": must be control-plane or worker`}},
		"an address that is none":     {func(a *cluster.Args) { a.Nodes[1].PrivateIP = "172.31.2" }, []string{`nodes[1].privateIp "172.31.2": not an IPv4 address`}},
		"an address twice":            {func(a *cluster.Args) { a.Nodes[2].PrivateIP = "172.31.2.239" }, []string{`nodes[2].privateIp "172.31.2.239": duplicate of nodes[1].privateIp`}},
		"no control plane":            {func(a *cluster.Args) { a.Nodes = a.Nodes[1:] }, []string{`nodes (0 with role control-plane): exactly one control plane is required`}},
		"two control planes":          {func(a *cluster.Args) { a.Nodes[1].Role = boundary.ControlPlane }, []string{`nodes (2 with role control-plane): exactly one control plane is offered yet`}},
		"no way to a node":            {func(a *cluster.Args) { a.Nodes[1].Address = nil }, []string{`nodes[1].address <unset>: required, where SSH is reached`}},
		"no host key":                 {func(a *cluster.Args) { a.Nodes[1].HostPublicKey = "" }, []string{`nodes[1].hostPublicKey "": not a public key in authorized_keys form`}},

		"a label key that is none":   {func(a *cluster.Args) { a.Nodes[1].Labels = map[string]string{"-a": "b"} }, []string{`nodes[1].labels[-a] "b": the key is not a label key:` + notALabel}},
		"a label value that is none": {func(a *cluster.Args) { a.Nodes[1].Labels = map[string]string{"a": "b c"} }, []string{`nodes[1].labels[a] "b c": not a label value:` + notAValue}},
		"a label of Kubernetes": {func(a *cluster.Args) { a.Nodes[1].Labels = map[string]string{"node-role.kubernetes.io/db": ""} },
			[]string{`nodes[1].labels[node-role.kubernetes.io/db] "": kubernetes.io and k8s.io keys belong to Kubernetes`}},
		"a taint key that is none": {func(a *cluster.Args) { a.Nodes[1].Taints = []boundary.Taint{{Key: "-a", Effect: "NoSchedule"}} }, []string{`nodes[1].taints[0].key "-a": not a taint key:` + notALabel}},
		"a taint of Kubernetes":    {func(a *cluster.Args) { a.Nodes[1].Taints = []boundary.Taint{{Key: "k8s.io/a", Effect: "NoSchedule"}} }, []string{`nodes[1].taints[0].key "k8s.io/a": kubernetes.io and k8s.io keys belong to Kubernetes`}},
		"a taint value that is none": {func(a *cluster.Args) {
			a.Nodes[1].Taints = []boundary.Taint{{Key: "a", Value: "b c", Effect: "NoSchedule"}}
		}, []string{`nodes[1].taints[0].value "b c": not a taint value:` + notAValue}},
		"an unknown effect": {func(a *cluster.Args) { a.Nodes[1].Taints = []boundary.Taint{{Key: "a", Effect: "noschedule"}} }, []string{`nodes[1].taints[0].effect "noschedule": must be NoSchedule, PreferNoSchedule, NoExecute`}},
		"a taint twice": {func(a *cluster.Args) {
			a.Nodes[1].Taints = []boundary.Taint{{Key: "a", Value: "b", Effect: "NoSchedule"}, {Key: "a", Value: "c", Effect: "NoSchedule"}}
		}, []string{`nodes[1].taints[1].key "a": duplicate of nodes[1].taints[0].key with the same effect`}},

		"a mirror that is no URL":         {func(a *cluster.Args) { a.Mirrors.Images = "172.31.0.2:5000" }, []string{`mirrors.images "172.31.0.2:5000": not an http or https URL`}},
		"a mirror of another kind":        {func(a *cluster.Args) { a.Mirrors.Manifests = "ftp://mirror" }, []string{`mirrors.manifests "ftp://mirror": not an http or https URL`}},
		"a mirror that ends in a slash":   {func(a *cluster.Args) { a.Mirrors.Manifests = "http://mirror/" }, []string{`mirrors.manifests "http://mirror/": must not end in a slash`}},
		"a mirror that could run a shell": {func(a *cluster.Args) { a.Mirrors.Manifests = "http://mirror/$(id)" }, []string{`mirrors.manifests "http://mirror/$(id)": not an http or https URL`}},
		"packages without a key":          {func(a *cluster.Args) { a.Mirrors.Packages = "http://mirror" }, []string{`mirrors.packagesKey <unset>: required, because mirrors.packages is set`}},
		"a key without packages":          {func(a *cluster.Args) { a.Mirrors.PackagesKey = "x" }, []string{`mirrors.packagesKey <set>: has no use without mirrors.packages`}},
		"a key that is none": {func(a *cluster.Args) { a.Mirrors.Packages, a.Mirrors.PackagesKey = "http://mirror", "x" },
			[]string{`mirrors.packagesKey <set>: not an armored OpenPGP public key, which begins with -----BEGIN PGP PUBLIC KEY BLOCK-----`}},

		"a silence that is too short": {func(a *cluster.Args) { a.NodeMonitorGracePeriod = 15 * time.Second },
			[]string{`nodeMonitorGracePeriod "15s": must be whole seconds and at least 16s, or else an API server that is away for a moment makes all nodes count as not ready`}},
		"a silence of half seconds": {func(a *cluster.Args) { a.NodeMonitorGracePeriod = 16500 * time.Millisecond },
			[]string{`nodeMonitorGracePeriod "16.5s": must be whole seconds and at least 16s, or else an API server that is away for a moment makes all nodes count as not ready`}},
		"reports that do not go with the silence": {func(a *cluster.Args) {
			a.NodeMonitorGracePeriod = 16 * time.Second
			a.Kubelet = map[string]any{"nodeStatusUpdateFrequency": "10s", "nodeStatusReportFrequency": "5m"}
		}, []string{
			`kubelet.nodeStatusUpdateFrequency "10s": follows from nodeMonitorGracePeriod "16s", remove it`,
			`kubelet.nodeStatusReportFrequency "5m": follows from nodeMonitorGracePeriod "16s", remove it`,
		}},

		"a setting of the platform's own": {func(a *cluster.Args) { a.Kubelet = map[string]any{"cgroupDriver": "cgroupfs"} }, []string{`kubelet.cgroupDriver "cgroupfs": set by the platform, remove it`}},
		"a check that is none":            {func(a *cluster.Args) { a.IgnorePreflightErrors = []string{"a b"} }, []string{`ignorePreflightErrors[0] "a b": not the name of a kubeadm check such as SystemVerification`}},
		"an image without a tag":          {func(a *cluster.Args) { a.NodeExporterImage = "localhost:5000/node-exporter" }, []string{`nodeExporterImage "localhost:5000/node-exporter": must name a tag other than latest, or a digest`}},
		"the latest image":                {func(a *cluster.Args) { a.NodeExporterImage = "quay.io/a/b:latest" }, []string{`nodeExporterImage "quay.io/a/b:latest": must name a tag other than latest, or a digest`}},
		"a relative volume":               {func(a *cluster.Args) { a.Nodes[2].Volumes[0].Directory = "data" }, []string{`nodes[2].volumes[0].directory "data": not the plain absolute path of a directory`}},
		"a volume with a space":           {func(a *cluster.Args) { a.Nodes[2].Volumes[0].Directory = "/a b" }, []string{`nodes[2].volumes[0].directory "/a b": not the plain absolute path of a directory`}},
		"a volume without a size":         {func(a *cluster.Args) { a.Nodes[2].Volumes[0].GiB = 0 }, []string{`nodes[2].volumes[0].giB 0: must be at least 1`}},
		"no login key":                    {func(a *cluster.Args) { a.LoginKey = nil }, []string{`loginKey <unset>: required, the private key of the user admin`}},
		"nobody may log in":               {func(a *cluster.Args) { a.AuthorizedKeys = nil }, []string{`authorizedKeys []: at least one is required, that of loginKey`}},
		"no identifier":                   {func(a *cluster.Args) { a.Identifier = "" }, []string{`identifier <unset>: required, a name that stays the same as long as the cluster lives`}},
		"an audit level that is none":     {func(a *cluster.Args) { a.AuditLog.Level = "metadata" }, []string{`auditLog.level "metadata": must be one of [None Metadata Request RequestResponse]`}},
		"an audit log without bounds": {func(a *cluster.Args) { a.AuditLog = cluster.AuditLog{Level: "Metadata", MaxSize: -1} }, []string{
			`auditLog.maxAge 0: must be at least 1, since the API server takes 0 for no bound`,
			`auditLog.maxBackup 0: must be at least 1, since the API server takes 0 for no bound`,
			`auditLog.maxSize -1: must be at least 1, since the API server takes 0 for no bound`,
		}},
		"a rotation that could run a shell": {func(a *cluster.Args) { a.SecretsKeyRotation = "$(id)" }, []string{`secretsKeyRotation "$(id)": must be at most 63 letters, digits, dots, dashes and underscores, such as a date`}},
		"several mistakes, all at once": {func(a *cluster.Args) { a.PodCidr, a.CalicoVersion, a.Nodes[1].Role = "x", "y", "z" }, []string{
			`calicoVersion "y": not a full version such as ` + versions.All.Calico.Version, `podCidr "x": not an IPv4 CIDR block`, `nodes[1].role "z": must be control-plane or worker`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			args := clusterArgs()
			c.spoil(args)
			var got []string
			for _, err := range args.Validate() {
				got = append(got, err.Error())
			}
			assert.Equal(t, c.want, got)
		})
	}
}

func TestClusterValidationComesFirst(t *testing.T) {
	args := clusterArgs()
	args.PodCidr, args.LoginKey = "x", pulumi.StringInput(nil)
	rec, err := pulumitest.RunErr(t, clusterProgram(args))
	require.ErrorContains(t, err, "podCidr \"x\": not an IPv4 CIDR block\nloginKey <unset>: required, the private key of the user admin")
	assert.Empty(t, rec.All(), "nothing is registered")
}

func TestClusterAcceptsOtherTopologies(t *testing.T) {
	alone := clusterArgs()
	alone.Nodes = alone.Nodes[:1]
	assert.Empty(t, alone.Validate(), "a control plane alone is a cluster")
	clusterRun(t, alone)

	digest := clusterArgs()
	digest.NodeExporterImage = "quay.io/prometheus/node-exporter@sha256:" + digest.CalicoManifestSHA256
	assert.Empty(t, digest.Validate())
}
