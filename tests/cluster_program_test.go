package tests

import (
	"archive/tar"
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/cluster"
	"ecommerce-platform/cluster/versions"
	"ecommerce-platform/infra/boundary"
	"ecommerce-platform/tests/pulumitest"
)

const (
	clusterCommand  = "command:remote:Command"
	clusterPatch    = "kubernetes:core/v1:NodePatch"
	clusterProvider = "pulumi:providers:kubernetes"
	clusterPool     = "kubernetes:crd.projectcalico.org/v1:IPPool"
	clusterBudget   = "kubernetes:policy/v1:PodDisruptionBudget"
	clusterBGP      = "kubernetes:crd.projectcalico.org/v1:BGPConfiguration"
	clusterSeed     = "a seed for tests that is long enough"

	// clusterAdminKey stands for the key in the kubeconfig.
	clusterAdminKey = "client-key-data-of-the-administrator"
)

func clusterKeys(names ...string) *cluster.Keys {
	keys, err := cluster.DeriveKeys(clusterSeed, []string{""}, names)
	if err != nil {
		panic(err)
	}
	return keys
}

func clusterNode(name, role, ip string) cluster.Node {
	return cluster.Node{
		Name: name, Role: role, PrivateIP: ip,
		Address:       pulumi.String("203.0.113." + ip[strings.LastIndex(ip, ".")+1:]),
		HostPublicKey: clusterKeys(name).Hosts[name].Public,
	}
}

// clusterRelease is the Kubernetes of a new cluster.
var clusterRelease = versions.All.Kubernetes.New()

// clusterArgs is the specification's topology on machines that exist.
func clusterArgs() *cluster.Args {
	first := clusterNode("worker-node-1", boundary.Worker, "172.31.2.239")
	first.Labels, first.Monitoring = map[string]string{"tier": "frontend", "storage": "ssd"}, true
	second := clusterNode("worker-node-2", boundary.Worker, "172.31.7.250")
	second.Labels = map[string]string{"tier": "backend", "storage": "hdd"}
	second.Volumes = []cluster.Volume{{Directory: "/var/lib/platform/volumes/postgres", GiB: 5}}
	return &cluster.Args{
		Nodes:             []cluster.Node{clusterNode("control-plane", boundary.ControlPlane, "172.31.15.119"), first, second},
		KubernetesVersion: clusterRelease.Version, ContainerdVersion: versions.All.Containerd.Version, CalicoVersion: versions.All.Calico.Version,
		CalicoManifestSHA256: versions.All.Calico.ManifestSHA256,
		PodCidr:              "192.168.0.0/16", ServiceCidr: "10.96.0.0/12",
		LoginKey:          pulumi.String(clusterKeys().Logins[0].Private),
		AuthorizedKeys:    clusterKeys().Authorized(),
		Kubeconfigs:       cluster.Kubeconfigs{LifetimeHours: 720},
		AuditLog:          cluster.AuditLog{Level: "Metadata", MaxAge: 30, MaxBackup: 10, MaxSize: 100},
		NodeExporterImage: "quay.io/prometheus/node-exporter:v" + versions.All.NodeExporter,
		Identifier:        "ecommerce-platform-dev",
	}
}

// clusterOutputs is what the steps print whose output is used.
var clusterOutputs = pulumitest.Outputs(clusterCommand, func(r *pulumitest.Resource) map[string]any {
	switch {
	case strings.HasSuffix(r.Name, "-kubeconfig"):
		return map[string]any{"stdout": "kubeconfig with " + clusterAdminKey}
	case strings.HasSuffix(r.Name, "-request"):
		return map[string]any{"stdout": "request of " + r.Name}
	case strings.HasSuffix(r.Name, "-certificates"):
		return map[string]any{"stdout": "2027-11-23T05:00:00Z /etc/kubernetes/pki/" + r.Name + ".crt\n"}
	case strings.HasSuffix(r.Name, "-backup"):
		return map[string]any{"stdout": "2026-11-23T05:00:00Z\tplatform,holds:etcd,revision:4711,bytes:20480\t4f2a1b3c\n" +
			"2026-11-23T05:00:10Z\tplatform,holds:postgres.sql,bytes:1234\t5a6b7c8d\n"}
	case strings.Contains(r.Name, "-admit-"):
		return map[string]any{"stdout": "admission by " + r.Name}
	}
	return nil
})

func clusterProgram(args *cluster.Args) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		c, err := cluster.New(ctx, "shop", args)
		if err != nil {
			return err
		}
		ctx.Export("kubeconfig", c.Kubeconfig)
		return nil
	}
}

// clusterOnInstances gives every node a machine of the same stack, with an address known after its creation.
func clusterOnInstances(args *cluster.Args) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		for i := range args.Nodes {
			name := args.Nodes[i].Name
			instance, err := ec2.NewInstance(ctx, name, &ec2.InstanceArgs{Ami: pulumi.String("ami-1"), InstanceType: pulumi.String("t3.medium")})
			if err != nil {
				return err
			}
			eip, err := ec2.NewEip(ctx, name, &ec2.EipArgs{Instance: instance.ID()})
			if err != nil {
				return err
			}
			args.Nodes[i].Instance, args.Nodes[i].Address = instance, eip.PublicIp
		}
		return clusterProgram(args)(ctx)
	}
}

var clusterInstances = pulumitest.AllowOnStack("aws:ec2/instance:Instance", "aws:ec2/eip:Eip")

func clusterRun(t *testing.T, args *cluster.Args, opts ...pulumitest.Option) *pulumitest.Recorder {
	t.Helper()
	return pulumitest.Run(t, clusterProgram(args), append(opts, clusterOutputs)...)
}

var clusterDigest = regexp.MustCompile(`PLATFORM_DIGEST='?[0-9a-f]{16}'?`)

// clusterLine is a step's command without its digest.
func clusterLine(r *pulumitest.Resource) string {
	return clusterDigest.ReplaceAllString(r.InputString("create"), "DIGEST")
}

// clusterUpload is what a node's first command unpacks: content by name.
func clusterUpload(t *testing.T, r *pulumitest.Resource) map[string]string {
	t.Helper()
	packed, err := base64.StdEncoding.DecodeString(r.InputString("stdin"))
	require.NoError(t, err)
	files := map[string]string{}
	for archive := tar.NewReader(bytes.NewReader(packed)); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		require.NoError(t, err)
		content, err := io.ReadAll(archive)
		require.NoError(t, err)
		files[header.Name] = string(content)
	}
}
