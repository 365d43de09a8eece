package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"sigs.k8s.io/yaml"

	"ecommerce-platform/cluster"
	"ecommerce-platform/infra"
	"ecommerce-platform/infra/boundary"
	"ecommerce-platform/workloads"
	"ecommerce-platform/workloads/monitoring"
)

// projectFile is the schema of the configuration and the only place that holds a default.
//
//go:embed Pulumi.yaml
var projectFile []byte

// ownName is the project's, with which the keys in Pulumi.dev.yaml begin.
const ownName = "ecommerce-platform"

// Config is the stack's configuration laid over the defaults. Pulumi.yaml describes each key.
type Config struct {
	Layers       []string `json:"layers"`
	InfraStack   string   `json:"infraStack"`
	ClusterStack string   `json:"clusterStack"`

	VpcCidr             string              `json:"vpcCidr"`
	SubnetCidr          string              `json:"subnetCidr"`
	AvailabilityZone    string              `json:"availabilityZone"`
	AdminCidrs          []string            `json:"adminCidrs"`
	ClientCidrs         []string            `json:"clientCidrs"`
	IngressRules        []infra.IngressRule `json:"ingressRules"`
	Nodes               []Node              `json:"nodes"`
	InstanceType        string              `json:"instanceType"`
	RootVolumeGiB       int                 `json:"rootVolumeGiB"`
	KMSKeyID            string              `json:"kmsKeyId"`
	CPUCredits          string              `json:"cpuCredits"`
	DetailedMonitoring  bool                `json:"detailedMonitoring"`
	AMIOwner            string              `json:"amiOwner"`
	AMIName             string              `json:"amiName"`
	ProtectControlPlane bool                `json:"protectControlPlane"`
	ProtectDatabase     bool                `json:"protectDatabase"`

	PodCidr                     string              `json:"podCidr"`
	ServiceCidr                 string              `json:"serviceCidr"`
	KubernetesVersion           string              `json:"kubernetesVersion"`
	ContainerdVersion           string              `json:"containerdVersion"`
	CalicoVersion               string              `json:"calicoVersion"`
	CalicoManifestSHA256        string              `json:"calicoManifestSha256"`
	CloudNativePGVersion        string              `json:"cloudNativePGVersion"`
	CloudNativePGManifestSHA256 string              `json:"cloudNativePGManifestSha256"`
	KeySeed                     string              `json:"keySeed"`
	LoginKeys                   []string            `json:"loginKeys"`
	Kubelet                     map[string]any      `json:"kubelet"`
	KubeProxy                   map[string]any      `json:"kubeProxy"`
	IgnorePreflightErrors       []string            `json:"ignorePreflightErrors"`
	Containerd                  cluster.Containerd  `json:"containerd"`
	Mirrors                     cluster.Mirrors     `json:"mirrors"`
	NodeExporterImage           string              `json:"nodeExporterImage"`
	MetricsServer               bool                `json:"metricsServer"`
	MetricsServerImage          string              `json:"metricsServerImage"`
	Monitoring                  monitoring.Settings `json:"monitoring"`
	VictoriaMetricsImage        string              `json:"victoriaMetricsImage"`
	KubeStateMetricsImage       string              `json:"kubeStateMetricsImage"`
	VMAlertImage                string              `json:"vmalertImage"`
	AlertmanagerImage           string              `json:"alertmanagerImage"`
	VictoriaLogsImage           string              `json:"victoriaLogsImage"`
	VLAgentImage                string              `json:"vlagentImage"`
	Alerting                    monitoring.Alerting `json:"alerting"`
	CertificateRenewal          string              `json:"certificateRenewal"`
	SecretsKeyRotation          string              `json:"secretsKeyRotation"`
	Kubeconfigs                 cluster.Kubeconfigs `json:"kubeconfigs"`
	OIDC                        cluster.OIDC        `json:"oidc"`
	Access                      cluster.Access      `json:"access"`
	AuditLog                    cluster.AuditLog    `json:"auditLog"`
	OSUpdate                    string              `json:"osUpdate"`
	Backup                      cluster.Backup      `json:"backup"`
	BackupKey                   cluster.AccessKey   `json:"backupKey"`
	BackupPassword              string              `json:"backupPassword"`

	Namespace        string                `json:"namespace"`
	NodePort         int                   `json:"nodePort"`
	Isolation        string                `json:"isolation"`
	Quota            string                `json:"quota"`
	DatabasePassword string                `json:"databasePassword"`
	Frontend         workloads.Application `json:"frontend"`
	Backend          workloads.Backend     `json:"backend"`
	Postgres         workloads.Database    `json:"postgres"`
	Redis            workloads.Redis       `json:"redis"`

	SecretEnv struct {
		Frontend map[string]string `json:"frontend"`
		Backend  map[string]string `json:"backend"`
	} `json:"secretEnv"`
	Registries        map[string]Registry `json:"registries"`
	RegistryPasswords map[string]string   `json:"registryPasswords"`

	// derived are what keySeed stands for, once they were needed.
	derived *cluster.Keys
}

// Registry is one entry of the registries key.
type Registry struct {
	Username      string `json:"username"`
	CACertificate string `json:"caCertificate"`
}

// Node is one entry of the nodes key.
type Node struct {
	Name      string `json:"name"`
	Role      string `json:"role"`
	PrivateIP string `json:"privateIp"`
	// InstanceType and RootVolumeGiB default to the stack's.
	InstanceType  string            `json:"instanceType"`
	RootVolumeGiB int               `json:"rootVolumeGiB"`
	Labels        map[string]string `json:"labels"`
	Taints        []boundary.Taint  `json:"taints"`
	Monitoring    bool              `json:"monitoring"`
}

// loadConfig returns every problem it finds: unknown keys, also inside objects, values of the wrong type, and secrets
// that are not encrypted. What a value must be besides is for the layer that uses it to say.
func loadConfig(ctx *pulumi.Context) (*Config, []error) {
	var project struct {
		Config map[string]struct {
			Type    string `json:"type"`
			Secret  bool   `json:"secret"`
			Default any    `json:"default"`
		} `json:"config"`
	}
	if err := yaml.Unmarshal(projectFile, &project); err != nil {
		return &Config{}, []error{fmt.Errorf("reading Pulumi.yaml: %w", err)}
	}

	problems := unknownKeys(ctx, func(key string) bool { _, known := project.Config[key]; return known })
	config := &Config{}
	for _, key := range sortedKeys(project.Config) {
		if strings.Contains(key, ":") {
			continue // another program's, such as pulumi:tags, which `pulumi new` writes
		}
		declared := project.Config[key]
		value := declared.Default
		encrypted := ctx.IsConfigSecret(ctx.Project() + ":" + key)
		if text, set := ctx.GetConfig(ctx.Project() + ":" + key); set {
			parsed, err := parse(declared.Type, declared.Default, text)
			if err != nil {
				problems = append(problems, fmt.Errorf("%s %s: %w", key, shown(text, encrypted || declared.Secret), err))
				continue
			}
			problems = append(problems, encryption(key, declared.Secret, encrypted, parsed, declared.Default)...)
			value = overlay(value, parsed)
		}
		problems = append(problems, decode(config, key, value, encrypted || declared.Secret)...)
	}
	return config, problems
}

// unknownKeys finds misspelt keys of this project in the configuration that the engine passed.
func unknownKeys(ctx *pulumi.Context, known func(string) bool) []error {
	var all map[string]string
	if text := os.Getenv(pulumi.EnvConfig); text != "" {
		if err := json.Unmarshal([]byte(text), &all); err != nil {
			return []error{fmt.Errorf("reading %s: %w", pulumi.EnvConfig, err)}
		}
	}
	var problems []error
	for _, full := range sortedKeys(all) {
		if strings.HasPrefix(full, ownName+":") && ctx.Project() != ownName {
			problems = append(problems, fmt.Errorf("%s %s: is not read, since the project's name is %q; `pulumi new` takes --name %s",
				full, shown(all[full], ctx.IsConfigSecret(full)), ctx.Project(), ownName))
		}
		key, mine := strings.CutPrefix(full, ctx.Project()+":")
		if !mine || known(key) {
			continue
		}
		problems = append(problems, fmt.Errorf("%s %s: unknown key", key, shown(all[full], ctx.IsConfigSecret(full))))
	}
	return problems
}
