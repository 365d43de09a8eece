package manifests

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/yannh/kubeconform/pkg/resource"
	"github.com/yannh/kubeconform/pkg/validator"
	"sigs.k8s.io/yaml"

	"ecommerce-platform/cluster/versions"
	"ecommerce-platform/tests/lab/toolchain"
)

// schema is one of JSON, or of OpenAPI, which has words of its own.
type schema = map[string]any

// Catalog is the kinds of objects that a release of Kubernetes with Calico and CloudNativePG knows.
type Catalog struct {
	version string
	// kinds are the names of definitions by apiVersion and kind, such as "apps/v1 Deployment".
	kinds       map[string]string
	definitions schema
}

// reference is what comes before a definition's name.
const reference = "#/definitions/"

// ReadCatalog reads the API's description from the sources of a release, and the custom resource definitions from the manifests
// of Calico and CloudNativePG.
func ReadCatalog(ctx context.Context, release versions.Release) (*Catalog, error) {
	source, err := toolchain.ModuleDir(ctx, "kubernetes-"+release.Minor(), "k8s.io/kubernetes")
	if err != nil {
		return nil, err
	}
	body, err := os.ReadFile(filepath.Join(source, "api", "openapi-spec", "swagger.json"))
	if err != nil {
		return nil, err
	}
	var api struct{ Definitions schema }
	if err := json.Unmarshal(body, &api); err != nil {
		return nil, fmt.Errorf("the API of Kubernetes %s: %w", release.Version, err)
	}
	c := &Catalog{version: release.Version, kinds: map[string]string{}, definitions: schema{}}
	for name, definition := range api.Definitions {
		definition, _ := definition.(schema)
		c.definitions[name] = strict(definition)
		kinds, _ := definition["x-kubernetes-group-version-kind"].([]any)
		for _, kind := range kinds {
			kind, _ := kind.(schema)
			c.kinds[key(kind["group"], kind["version"], kind["kind"])] = name
		}
	}
	for _, m := range []struct{ pin, module, manifest string }{
		{"calico", toolchain.CalicoModule, "manifests/calico.yaml"},
		{"cloudnative-pg", toolchain.CloudNativePGModule, "releases/cnpg-" + versions.All.CloudNativePG.Version + ".yaml"},
	} {
		source, err := toolchain.ModuleDir(ctx, m.pin, m.module)
		if err != nil {
			return nil, err
		}
		if err := c.readDefinitions(filepath.Join(source, m.manifest)); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// readDefinitions reads the kinds that a project's manifest defines.
func (c *Catalog) readDefinitions(file string) error {
	manifest, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for document := range strings.SplitSeq(string(manifest), "\n---") {
		var definition struct {
			Kind string
			Spec struct {
				Group    string
				Names    struct{ Kind string }
				Versions []struct {
					Name   string
					Schema struct{ OpenAPIV3Schema schema }
				}
			}
		}
		if err := yaml.Unmarshal([]byte(document), &definition); err != nil {
			return fmt.Errorf("manifest %s: %w", file, err)
		}
		for _, version := range definition.Spec.Versions {
			name := key(definition.Spec.Group, version.Name, definition.Spec.Names.Kind)
			c.kinds[name], c.definitions[name] = name, strict(version.Schema.OpenAPIV3Schema)
		}
	}
	return nil
}

// key is apiVersion and kind; the core's group has no name.
func key(group, version, kind any) string {
	return strings.TrimPrefix(fmt.Sprint(group, "/", version, " ", kind), "/")
}

// strict makes a schema of JSON of one of OpenAPI that allows no field but those that it names, as the API server does when it is told to
// be strict.
func strict(open schema) schema {
	closed := schema{}
	for word, value := range open {
		switch inner, ok := value.(schema); {
		case strings.HasPrefix(word, "x-"), word == "description", word == "default":
		case word == "properties" && ok:
			properties := schema{}
			for name, property := range inner {
				property, _ := property.(schema)
				properties[name] = strict(property)
			}
			closed[word] = properties
		case (word == "items" || word == "additionalProperties") && ok:
			closed[word] = strict(inner)
		default:
			closed[word] = value
		}
	}
	_, named := open["properties"]
	_, others := open["additionalProperties"]
	if named && !others && open["x-kubernetes-preserve-unknown-fields"] != true {
		closed["additionalProperties"] = false
	}
	if open["format"] == "int-or-string" || open["x-kubernetes-int-or-string"] == true {
		closed["type"] = []any{"integer", "string"}
	}
	return closed
}

// Invalid is what kubeconform says of objects that are not as the catalog has their kinds, one line each.
func (c *Catalog) Invalid(dir string, objects []Object) ([]string, error) {
	for _, object := range objects {
		if err := c.write(dir, object); err != nil {
			return nil, err
		}
	}
	v, err := validator.New([]string{filepath.Join(dir, "{{.Group}}-{{.ResourceAPIVersion}}-{{.ResourceKind}}.json")},
		validator.Opts{KubernetesVersion: c.version, Strict: true})
	if err != nil {
		return nil, err
	}
	var problems []string
	for _, object := range objects {
		body, err := json.Marshal(object)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", object, err)
		}
		result := v.ValidateResource(resource.Resource{Path: object.String(), Bytes: body})
		if result.Status != validator.Valid {
			problems = append(problems, fmt.Sprintf("%s: %v", object, result.Err))
		}
	}
	return problems, nil
}

// write writes the schema of an object's kind, with all that it refers to, where kubeconform looks for it. Of a kind that there is not it
// finds none.
func (c *Catalog) write(dir string, object Object) error {
	version, kind := fmt.Sprint(object["apiVersion"]), fmt.Sprint(object["kind"])
	name, known := c.kinds[version+" "+kind]
	if !known {
		return nil
	}
	definitions := schema{}
	c.gather(definitions, name)
	root := maps.Clone(definitions[name].(schema))
	root["definitions"] = definitions
	body, err := json.Marshal(root)
	if err != nil {
		return err
	}
	group, last, found := strings.Cut(version, "/")
	if !found {
		last = group
	}
	return os.WriteFile(filepath.Join(dir, group+"-"+last+"-"+strings.ToLower(kind)+".json"), body, 0o600)
}

// gather collects a definition and those that it refers to.
func (c *Catalog) gather(into schema, name string) {
	if into[name] != nil {
		return
	}
	into[name] = c.definitions[name]
	c.follow(into, c.definitions[name])
}

func (c *Catalog) follow(into schema, value any) {
	switch value := value.(type) {
	case schema:
		for word, inner := range value {
			if target, ok := inner.(string); ok && word == "$ref" {
				c.gather(into, strings.TrimPrefix(target, reference))
			}
			c.follow(into, inner)
		}
	case []any:
		for _, inner := range value {
			c.follow(into, inner)
		}
	}
}
