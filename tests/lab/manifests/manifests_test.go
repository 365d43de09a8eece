package manifests

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"ecommerce-platform/cluster/versions"
	"ecommerce-platform/tests/lab/engine"
	"ecommerce-platform/tests/lab/preview"
	"ecommerce-platform/tests/lab/toolchain"
)

var update = flag.Bool("update", false, "rewrite what docs/policies.md says of kube-score")

var autoscale = map[string]any{"autoscale": map[string]any{"min": 2, "max": 6, "cpu": 60}}

// configurations are those of the dev stack whose objects are judged.
var configurations = map[string]map[string]any{
	"with the defaults": nil,
	"with everything on": {
		"isolation": "tiers", "metricsServer": true, "monitoring": map[string]any{"enabled": true}, "frontend": autoscale, "backend": autoscale,
	},
}

// deployed are the objects of each configuration: those that the provider is given, and the static pod that watches a node.
var deployed = sync.OnceValues(func() (map[string][]Object, error) {
	pod, err := staticPod()
	if err != nil {
		return nil, err
	}
	all := map[string][]Object{}
	for name, changes := range configurations {
		previewed, err := preview.Run(context.Background(), preview.Options{NoPack: true, Changes: changes})
		if err != nil {
			return nil, err
		}
		all[name] = append(Of(previewed.Steps), pod)
	}
	return all, nil
})

// staticPod is what the cluster layer writes to a node with monitoring: true.
func staticPod() (Object, error) {
	path, err := toolchain.Source("..", "testdata", "cluster", "node-exporter.yaml")
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pod := Object{}
	return pod, yaml.Unmarshal(text, &pod)
}

func TestEverythingIsJudged(t *testing.T) {
	all, err := deployed()
	require.NoError(t, err)
	names := map[string][]string{}
	for name, objects := range all {
		for _, object := range objects {
			names[name] = append(names[name], object.String())
		}
	}
	always := []string{
		"Deployment ecommerce/frontend", "Deployment ecommerce/postgres", "NetworkPolicy ecommerce/default-deny", "Node worker-node-1",
		"IPPool default-ipv4-ippool", "Secret ecommerce/postgres", "Pod kube-system/node-exporter",
	}
	assert.Subset(t, names["with the defaults"], always)
	assert.Subset(t, names["with everything on"], append(always,
		"HorizontalPodAutoscaler ecommerce/backend", "HorizontalPodAutoscaler ecommerce/frontend", "Deployment kube-system/metrics-server",
		"Deployment monitoring/victoria-metrics", "DaemonSet kube-system/vlagent"))
}

func TestNothingIsFoundThatIsNotAccepted(t *testing.T) {
	all, err := deployed()
	require.NoError(t, err)
	decisions, err := ReadDecisions()
	require.NoError(t, err)
	var results []Result
	for _, objects := range all {
		found, err := Score(t.Context(), objects, versions.All.Kubernetes.Default)
		require.NoError(t, err)
		results = merged(append(results, found...))
	}
	assert.Empty(t, decisions.Judge(results))

	checks, err := Checks(t.Context())
	require.NoError(t, err)
	root, err := toolchain.Source("..", "..")
	require.NoError(t, err)
	path := filepath.Join(root, "docs", "policies.md")
	page, err := os.ReadFile(path)
	require.NoError(t, err)
	for check, policy := range decisions.Policies {
		assert.Contains(t, checks, check, "decisions.yaml: no such check")
		assert.Contains(t, string(page), `<a id="`+policy+`"></a>`, "decisions.yaml: no such policy")
	}
	const begin, end = "<!-- kube-score:begin -->\n", "<!-- kube-score:end -->\n"
	before, rest, found := strings.Cut(string(page), begin)
	require.True(t, found)
	shown, after, found := strings.Cut(rest, end)
	require.True(t, found)
	table := decisions.Table(checks, results)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(before+begin+table+end+after), 0o600))
		return
	}
	assert.Equal(t, table, shown, "docs/policies.md: run make golden")
}

func TestJudgement(t *testing.T) {
	decisions := Decisions{
		Accepted: []Accepted{{
			Check: "limits", Finds: []string{"no CPU"}, Reason: "Because.", Objects: []string{"Deployment shop/one", "Pod two"},
		}},
		Policies: map[string]string{"tag": "image-tag"},
	}
	results := []Result{
		{"limits", "Deployment shop/one", []string{"no CPU", "no memory"}}, {"limits", "Pod three", []string{"no CPU"}},
		{"limits", "Pod two", nil}, {"tag", "Pod two", nil},
	}
	assert.Equal(t, []string{
		"limits: Deployment shop/one: no memory: not accepted",
		"limits: Pod three: no CPU: not accepted",
		"limits: Pod two: no CPU: accepted, and not found",
	}, decisions.Judge(results))
	assert.Equal(t, "| check |  | in previews | what does not pass, and why it may |\n| --- | --- | --- | --- |\n"+
		"| `limits` | accepted |  | `shop/one`, `Pod two`: Because. |\n"+
		"| `tag` | passed | [`image-tag`](#image-tag) |  |\n| `other` | no such object |  |  |\n",
		decisions.Table([]string{"limits", "tag", "other"}, results))
}

func TestAnObjectIsJudgedByAllThatIsFoundOfIt(t *testing.T) {
	assert.Equal(t, []Result{{"limits", "Pod one", []string{"no CPU", "no memory"}}, {"limits", "Pod two", nil}}, merged([]Result{
		{"limits", "Pod one", []string{"no memory"}}, {"limits", "Pod two", nil},
		{"limits", "Pod one", nil}, {"limits", "Pod one", []string{"no CPU", "no memory"}},
	}))
}

func TestEveryObjectIsValidInEveryRelease(t *testing.T) {
	all, err := deployed()
	require.NoError(t, err)
	for _, release := range versions.All.Kubernetes.Releases {
		t.Run(release.Version, func(t *testing.T) {
			t.Parallel()
			catalog, err := ReadCatalog(t.Context(), release)
			require.NoError(t, err)
			for name, objects := range all {
				problems, err := catalog.Invalid(t.TempDir(), objects)
				require.NoError(t, err)
				assert.Empty(t, problems, name)
			}
		})
	}
}

func TestWhatIsNotValidIsFound(t *testing.T) {
	catalog, err := ReadCatalog(t.Context(), *versions.All.Kubernetes.Of(versions.All.Kubernetes.Default))
	require.NoError(t, err)
	for name, c := range map[string]struct{ object, says string }{
		"as it should be":          {deployment(`"replicas": 2,`, `, "ports": [{"containerPort": 80}]`), ""},
		"a port by its number":     {deployment("", `, "livenessProbe": {"httpGet": {"port": 80}}`), ""},
		"a port by its name":       {deployment("", `, "livenessProbe": {"httpGet": {"port": "http"}}`), ""},
		"a misspelled field":       {deployment("", `, "imagePullPolicy_": "Always"`), "additional properties 'imagePullPolicy_' not allowed"},
		"a field of another kind":  {deployment(`"clusterIP": "None",`, ""), "additional properties 'clusterIP' not allowed"},
		"a string for a number":    {deployment(`"replicas": "2",`, ""), "at '/spec/replicas': got string, want integer"},
		"a list for one":           {deployment("", `, "securityContext": []`), "securityContext': got array, want object"},
		"something missing":        {deployment("", `, "ports": [{"name": "http"}]`), "missing property 'containerPort'"},
		"a kind that there is not": {`{"apiVersion": "extensions/v1beta1", "kind": "Deployment"}`, "could not find schema for Deployment"},
		"Calico's kind":            {pool(`"ipipMode": "Never"`), ""},
		"a misspelled field of it": {pool(`"ipIpMode": "Never"`), "additional properties 'ipIpMode' not allowed"},
		"a replicated database":    {replicated(`"minSyncReplicas": 1`), ""},
		"a misspelled field there": {replicated(`"minSyncReplica": 1`), "additional properties 'minSyncReplica' not allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			object := Object{}
			require.NoError(t, yaml.Unmarshal([]byte(c.object), &object))
			problems, err := catalog.Invalid(t.TempDir(), []Object{object})
			require.NoError(t, err)
			if c.says == "" {
				assert.Empty(t, problems)
				return
			}
			require.Len(t, problems, 1)
			assert.Contains(t, problems[0], c.says)
		})
	}
}

// pool is Calico's, with something more in its spec.
func pool(spec string) string {
	return `{"apiVersion": "crd.projectcalico.org/v1", "kind": "IPPool", "metadata": {"name": "one"},
		"spec": {"cidr": "10.0.0.0/8", ` + spec + `}}`
}

// replicated is CloudNativePG's, with something more in its spec.
func replicated(spec string) string {
	return `{"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "metadata": {"name": "one"}, "spec": {"instances": 2, ` + spec + `}}`
}

// deployment is one with something more in its spec and in its container.
func deployment(spec, container string) string {
	return `{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "one"}, "spec": {` + spec + `
		"selector": {"matchLabels": {"app": "one"}}, "template": {"metadata": {"labels": {"app": "one"}}, "spec": {"containers": [
			{"name": "main", "image": "registry.example/main:1"` + container + `}]}}}}`
}

func TestObjectsAreWithoutSecretsAndTheEnginesOwn(t *testing.T) {
	secret := map[string]any{"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"}
	objects := Of([]engine.Step{
		{URN: "urn:pulumi:dev::shop::aws:ec2/vpc:Vpc::platform", Inputs: map[string]any{"cidrBlock": "10.0.0.0/16"}},
		{URN: "urn:pulumi:dev::shop::kubernetes:core/v1:Pod::gone", Op: "delete"},
		{URN: "urn:pulumi:dev::shop::kubernetes:core/v1:Secret::one", Inputs: map[string]any{
			"kind": "Secret", "metadata": map[string]any{"name": "one", "namespace": "shop", "annotations": map[string]any{"of": secret}},
			"stringData": secret, "__defaults": []any{},
		}},
	})
	require.Len(t, objects, 1)
	assert.Equal(t, Object{
		"kind": "Secret", "stringData": map[string]any{"secret": ""},
		"metadata": map[string]any{"name": "one", "namespace": "shop", "annotations": map[string]any{"of": "secret"}},
	}, objects[0])
	assert.Equal(t, "Secret shop/one", objects[0].String())
}
