package snapshot_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/model/snapshot"
)

const deployment = "kubernetes:apps/v1:Deployment"

func TestSaveKeepsEverythingButSecrets(t *testing.T) {
	secret := func(value any) property.Value {
		switch value := value.(type) {
		case string:
			return property.New(value).WithSecret(true)
		default:
			return property.New(value.(float64)).WithSecret(true)
		}
	}
	resources := modeltest.Resources(t, "dev-preview.json",
		modeltest.Set("kubernetes:core/v1:Secret", "shop-postgres", "stringData.password", secret("correct horse")),
		modeltest.Set("kubernetes:core/v1:Secret", "shop-postgres", "stringData.none", secret("")),
		modeltest.Set("kubernetes:core/v1:Secret", "shop-postgres", "stringData.pin", secret(4711.0)),
		modeltest.Set("kubernetes:core/v1:Secret", "shop-postgres", "stringData.later", property.New(property.Computed).WithSecret(true)),
		modeltest.Set(deployment, "shop-backend", "spec.template.metadata.annotations", map[string]any{"note": "it is correct horse", "port": 8080.0}))
	path := filepath.Join(t.TempDir(), "resources.json")
	t.Setenv(snapshot.File, path)
	require.NoError(t, snapshot.Save(resources))
	body, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.NotContains(t, string(body), "correct horse")
	assert.NotContains(t, string(body), "4711")

	read, err := snapshot.Decode(body)
	require.NoError(t, err)
	stack := model.Read(read)
	assert.Len(t, stack.Resources, len(resources))
	kept := stack.Find("kubernetes:core/v1:Secret", "shop-postgres")
	for _, key := range []string{"password", "pin"} {
		assert.True(t, kept.Withheld("stringData."+key), key)
		assert.True(t, kept.Unknown("stringData."+key), key)
		assert.True(t, kept.Secret("stringData."+key), key)
	}
	none, known := kept.Text("stringData.none")
	assert.True(t, known, "nothing is withheld where nothing is")
	assert.Empty(t, none)
	assert.True(t, kept.Secret("stringData.none"))
	assert.False(t, kept.Withheld("stringData.later"), "what only a deployment tells is another unknown")
	assert.True(t, kept.Unknown("stringData.later"))
	backend := stack.Find(deployment, "shop-backend")
	note, _ := backend.Text("spec.template.metadata.annotations.note")
	assert.Equal(t, "it is (secret)", note)
	port, _ := backend.Number("spec.template.metadata.annotations.port")
	assert.Equal(t, 8080.0, port)

	t.Setenv(snapshot.File, filepath.Join(path, "below-a-file"))
	require.ErrorContains(t, snapshot.Save(resources), "PLATFORM_RESOURCES")
}

func TestDecodeRefusesWhatNoPreviewWrites(t *testing.T) {
	const bastion = `{"urn": "urn:pulumi:dev::shop::aws:ec2/instance:Instance::bastion", "type": "aws:ec2/instance:Instance", "name": "bastion", "properties": {}}`
	read, err := snapshot.Decode([]byte("[" + bastion + "]"))
	require.NoError(t, err)
	require.Len(t, read, 1)
	many, err := json.Marshal(make([]struct{}, 10_001))
	require.NoError(t, err)
	for name, c := range map[string]struct{ body, says string }{
		"no JSON":                {"{", "unexpected end"},
		"another shape":          {`{"resources": []}`, "cannot unmarshal object"},
		"more behind it":         {"[] []", "invalid character"},
		"no URN":                 {`[{"type": "a:b:C"}]`, `resources[0] "": `},
		"another type":           {"[" + strings.Replace(bastion, `"aws:ec2/instance:Instance"`, `"aws:ec2/vpc:Vpc"`, 1) + "]", "the URN has others"},
		"another name":           {"[" + strings.Replace(bastion, `"name": "bastion"`, `"name": "x"`, 1) + "]", "the URN has others"},
		"the same twice":         {"[" + bastion + "," + bastion + "]", "resources[1]"},
		"properties of no shape": {"[" + strings.Replace(bastion, "{}", "7", 1) + "]", "::bastion\": "},
		"too many":               {string(many), "10001 resources: at most 10000"},
		"too much":               {strings.Repeat(" ", 33<<20), "at most 33554432"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := snapshot.Decode([]byte(c.body))
			require.ErrorContains(t, err, c.says)
		})
	}
}
