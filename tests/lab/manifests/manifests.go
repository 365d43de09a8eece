// Package manifests holds the Kubernetes objects that the program deploys against what others say of such: the checks of kube-score, and
// the schemas of each release.
package manifests

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"

	"ecommerce-platform/tests/lab/engine"
)

// Object is a Kubernetes object as the provider gives it to the API server, but for its secrets.
type Object map[string]any

// String is the kind, the namespace and the name, such as "Deployment ecommerce/frontend".
func (o Object) String() string {
	metadata, _ := o["metadata"].(map[string]any)
	name := fmt.Sprint(metadata["name"])
	if namespace, ok := metadata["namespace"].(string); ok {
		name = namespace + "/" + name
	}
	return fmt.Sprint(o["kind"], " ", name)
}

// Of are the objects among the resources of an operation, in a stable order.
func Of(steps []engine.Step) []Object {
	var objects []Object
	for _, step := range steps {
		if strings.HasPrefix(string(step.URN.Type()), "kubernetes:") && step.Inputs != nil {
			objects = append(objects, object(step.Inputs))
		}
	}
	slices.SortFunc(objects, func(a, b Object) int { return strings.Compare(a.String(), b.String()) })
	return objects
}

// object is what is under the keys, without those that the engine adds for itself.
func object(fields map[string]any) map[string]any {
	shown := map[string]any{}
	for key, value := range fields {
		if !strings.HasPrefix(key, "__") {
			shown[key] = visible(key, value)
		}
	}
	return shown
}

// visible is a value with something of the same type in the place of secrets, which the engine does not show.
func visible(key string, value any) any {
	switch value := value.(type) {
	case map[string]any:
		switch {
		case value[sig.Key] != sig.Secret:
			return object(value)
		case key == "data", key == "stringData":
			return map[string]any{"secret": ""}
		}
		return "secret"
	case []any:
		items := make([]any, len(value))
		for i, item := range value {
			items[i] = visible(key, item)
		}
		return items
	}
	return value
}
