package report_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"testing"

	generator "github.com/invopop/jsonschema"
	validator "github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/reach"
	"ecommerce-platform/policy/report"
	"ecommerce-platform/policy/review"
)

var update = flag.Bool("update", false, "rewrite docs/report.schema.json")

const schemaFile = "../../docs/report.schema.json"

// schema is generated from the types, with their comments as descriptions.
func schema(t *testing.T) []byte {
	t.Helper()
	reflector := &generator.Reflector{Anonymous: true, Namer: func(t reflect.Type) string {
		if t == reflect.TypeFor[reach.State]() {
			return "PathState" // there is another State
		}
		return t.Name()
	}}
	for _, dir := range []string{"clients", "cost", "cronjob", "growth", "model", "nodeloss", "placement", "reach", "report", "rollout", "update"} {
		require.NoError(t, reflector.AddGoComments("ecommerce-platform/policy/"+dir, "../"+dir))
	}
	s := reflector.Reflect(&report.Report{})
	s.Title = "Report of the policy pack"
	s.Definitions["Report"].Properties.Value("verdict").Enum = []any{report.Works, report.Partly, report.May, report.Fails}
	s.Definitions["Report"].Properties.Value("baseline").Enum = []any{report.NewCluster, report.Runs, report.Base}
	s.Definitions["Violation"].Properties.Value("level").Enum = []any{report.Mandatory, report.Advisory}
	for _, name := range []string{"state", "want"} {
		s.Definitions["Path"].Properties.Value(name).Enum = []any{reach.Open, reach.Closed, reach.Unknown}
	}
	body, err := json.MarshalIndent(s, "", "  ")
	require.NoError(t, err)
	return append(body, '\n')
}

func TestTheSchemaIsThatOfTheTypes(t *testing.T) {
	want := schema(t)
	if *update {
		require.NoError(t, os.WriteFile(schemaFile, want, 0o600))
	}
	got, err := os.ReadFile(schemaFile)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got), "run go test ./report -update")
}

func TestReportsKeepTheSchema(t *testing.T) {
	body, err := os.ReadFile(schemaFile)
	require.NoError(t, err)
	document, err := validator.UnmarshalJSON(bytes.NewReader(body))
	require.NoError(t, err)
	compiler := validator.NewCompiler()
	require.NoError(t, compiler.AddResource("report.json", document))
	compiled, err := compiler.Compile("report.json")
	require.NoError(t, err)
	validate := func(body []byte) error {
		document, err := validator.UnmarshalJSON(bytes.NewReader(body))
		require.NoError(t, err)
		return compiled.Validate(document)
	}
	dev := modeltest.Resources(t, "dev-preview.json")
	for name, r := range map[string]*review.Review{
		"a new cluster": review.Of(t.Context(), dev, review.Running{}),
		"a change": review.Of(t.Context(), modeltest.Resources(t, "dev-preview.json",
			modeltest.Set(model.InstanceType, "worker-node-2", "instanceType", "t3.large"),
			modeltest.Unset("kubernetes:apps/v1:Deployment", "shop-redis", "spec.strategy"),
			modeltest.Unknown("kubernetes:apps/v1:Deployment", "shop-frontend", "spec.replicas")), review.Running{Resources: dev}),
		"one layer":          review.Of(t.Context(), modeltest.Resources(t, "dev-preview.json", modeltest.Layer("infra")), review.Running{}),
		"a stack of nothing": review.Of(t.Context(), nil, review.Running{}),
	} {
		t.Run(name, func(t *testing.T) {
			body, err := r.Report.Encode()
			require.NoError(t, err)
			require.NoError(t, validate(body))
		})
	}
	require.Error(t, validate([]byte(`{"verdict": "fine"}`)), "it takes not everything")
}
