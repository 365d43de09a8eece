package main

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"sort"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"ecommerce-platform/cluster"
	"ecommerce-platform/infra/boundary"
	"ecommerce-platform/workloads"
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

	VpcCidr             string   `json:"vpcCidr"`
	SubnetCidr          string   `json:"subnetCidr"`
	AvailabilityZone    string   `json:"availabilityZone"`
	AdminCidrs          []string `json:"adminCidrs"`
	ClientCidrs         []string `json:"clientCidrs"`
	Nodes               []Node   `json:"nodes"`
	InstanceType        string   `json:"instanceType"`
	RootVolumeGiB       int      `json:"rootVolumeGiB"`
	CPUCredits          string   `json:"cpuCredits"`
	AMIOwner            string   `json:"amiOwner"`
	AMIName             string   `json:"amiName"`
	ProtectControlPlane bool     `json:"protectControlPlane"`
	ProtectDatabase     bool     `json:"protectDatabase"`

	PodCidr               string             `json:"podCidr"`
	ServiceCidr           string             `json:"serviceCidr"`
	KubernetesVersion     string             `json:"kubernetesVersion"`
	ContainerdVersion     string             `json:"containerdVersion"`
	CalicoVersion         string             `json:"calicoVersion"`
	CalicoManifestSHA256  string             `json:"calicoManifestSha256"`
	KeySeed               string             `json:"keySeed"`
	Kubelet               map[string]any     `json:"kubelet"`
	KubeProxy             map[string]any     `json:"kubeProxy"`
	IgnorePreflightErrors []string           `json:"ignorePreflightErrors"`
	Containerd            cluster.Containerd `json:"containerd"`
	Mirrors               cluster.Mirrors    `json:"mirrors"`
	NodeExporterImage     string             `json:"nodeExporterImage"`
	CertificateRenewal    string             `json:"certificateRenewal"`
	SecretsKeyRotation    string             `json:"secretsKeyRotation"`
	AuditLog              cluster.AuditLog   `json:"auditLog"`
	OSUpdate              string             `json:"osUpdate"`
	Backup                cluster.Backup     `json:"backup"`
	BackupKey             cluster.AccessKey  `json:"backupKey"`

	Namespace        string                `json:"namespace"`
	NodePort         int                   `json:"nodePort"`
	Isolation        string                `json:"isolation"`
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

// shown is how an error tells a value: a secret one not at all.
func shown(text string, secret bool) string {
	if secret {
		return "<secret>"
	}
	return fmt.Sprintf("%q", text)
}

// encryption refuses secrets in plain, and encrypted values of objects that the state holds in plain.
func encryption(key string, secret, encrypted bool, value, fallback any) []error {
	_, object := fallback.(map[string]any)
	switch {
	case secret && !encrypted && !reflect.DeepEqual(value, fallback) && object:
		return []error{fmt.Errorf("%s <secret>: must be set with `pulumi config set --secret --path %s...`", key, key)}
	case secret && !encrypted && !reflect.DeepEqual(value, fallback):
		return []error{fmt.Errorf("%s <secret>: must be set with `pulumi config set --secret %s`", key, key)}
	case !secret && encrypted && object:
		return []error{fmt.Errorf("%s <secret>: must not be encrypted, since the state holds it in plain; for secret variables there is secretEnv", key)}
	}
	return nil
}

// parse reads a value as the engine passes it: strings as they are, everything else as JSON. A secret has no type but
// that of its default.
func parse(kind string, fallback any, text string) (any, error) {
	if _, object := fallback.(map[string]any); object && kind == "" {
		kind = "object"
	}
	if kind == "string" || kind == "" {
		return text, nil
	}
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return nil, fmt.Errorf("must be of type %s", kind)
	}
	return value, nil
}

// overlay lays value over base; objects are merged key by key, anything else replaces.
func overlay(base, value any) any {
	under, ok := base.(map[string]any)
	over, isObject := value.(map[string]any)
	if !ok || !isObject {
		return value
	}
	merged := make(map[string]any, len(under)+len(over))
	for key, item := range under {
		merged[key] = item
	}
	for key, item := range over {
		merged[key] = overlay(under[key], item)
	}
	return merged
}

// embedded are the names of Go types that a path of encoding/json holds, where a configuration's path does not.
var embedded = regexp.MustCompile(`\.[A-Z]\w*`)

// decode sets the field of config for key and refuses fields that it does not have.
func decode(config *Config, key string, value any, secret bool) []error {
	document, err := json.Marshal(map[string]any{key: value})
	if err != nil {
		return []error{fmt.Errorf("%s: %w", key, err)}
	}
	strict, err := kjson.UnmarshalStrict(document, config)
	var mismatch *json.UnmarshalTypeError
	switch {
	case errors.As(err, &mismatch) && secret:
		return []error{fmt.Errorf("%s <secret>: must be of type %s", embedded.ReplaceAllString(mismatch.Field, ""), mismatch.Type)}
	case errors.As(err, &mismatch):
		return []error{fmt.Errorf("%s %s: must be of type %s", embedded.ReplaceAllString(mismatch.Field, ""), mismatch.Value, mismatch.Type)}
	case err != nil:
		return []error{fmt.Errorf("%s: %w", key, err)}
	}
	var problems []error
	for _, problem := range strict {
		path := key
		var field kjson.FieldError
		if errors.As(problem, &field) {
			path = field.FieldPath()
		}
		found := "<secret>"
		if !secret {
			found = at(value, strings.TrimPrefix(path, key))
		}
		problems = append(problems, fmt.Errorf("%s %s: unknown key", path, found))
	}
	return problems
}

// at renders the value that path, such as [1].labels.tier, points to, for an error.
func at(value any, path string) string {
	for _, step := range strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune(".[]", r) }) {
		switch container := value.(type) {
		case map[string]any:
			value = container[step]
		case []any:
			var index int
			if _, err := fmt.Sscan(step, &index); err != nil || index >= len(container) {
				return "<unset>"
			}
			value = container[index]
		}
	}
	text, err := json.Marshal(value)
	if err != nil {
		return "<unset>"
	}
	return string(text)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
