package bench

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"ecommerce-platform/tests/lab/engine"
)

// deployed is what a bring-up left in the stack's state: when each resource was there, and all that the floor needs to make
// the same platform.
type deployed struct{ resources []resource }

// resource is one of the state, its secrets in the clear.
type resource struct {
	URN     engine.URN     `json:"urn"`
	Inputs  map[string]any `json:"inputs"`
	Created time.Time      `json:"created"`
}

func readDeployed(state *engine.State) (*deployed, error) {
	var stored struct {
		Resources []resource `json:"resources"`
	}
	if err := json.Unmarshal(state.Raw, &stored); err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	for i, r := range stored.Resources {
		plain, err := reveal(r.Inputs)
		if err != nil {
			return nil, fmt.Errorf("state: %s: %w", r.URN, err)
		}
		stored.Resources[i].Inputs, _ = plain.(map[string]any)
	}
	return &deployed{stored.Resources}, nil
}

// reveal replaces secrets, which a state exported in the clear holds as objects with their JSON text in plaintext.
func reveal(value any) (any, error) {
	switch value := value.(type) {
	case map[string]any:
		if text, ok := value["plaintext"].(string); ok {
			var inside any
			if err := json.Unmarshal([]byte(text), &inside); err != nil {
				return nil, err
			}
			return reveal(inside)
		}
		for key, item := range value {
			plain, err := reveal(item)
			if err != nil {
				return nil, err
			}
			value[key] = plain
		}
	case []any:
		for i, item := range value {
			plain, err := reveal(item)
			if err != nil {
				return nil, err
			}
			value[i] = plain
		}
	}
	return value, nil
}

// last is when the last of the resources that match was there.
func (d *deployed) last(matches func(resource) bool) time.Time {
	var last time.Time
	for _, r := range d.resources {
		if matches(r) && r.Created.After(last) {
			last = r.Created
		}
	}
	return last
}

func (d *deployed) named(name string) (resource, error) {
	for _, r := range d.resources {
		if strings.HasSuffix(r.URN.Name(), name) {
			return r, nil
		}
	}
	return resource{}, fmt.Errorf("state: no resource has a name that ends with %s", name)
}

// files are those of /opt/platform on a node, as the tar that was uploaded.
func (d *deployed) files(node string) ([]byte, error) {
	upload, err := d.named("-" + node + "-files")
	if err != nil {
		return nil, err
	}
	text, _ := upload.Inputs["stdin"].(string)
	return base64.StdEncoding.DecodeString(text)
}

var setting = regexp.MustCompile(` ([A-Z_0-9]+)='([^']*)'`)

// settings are the variables that a step's script ran with.
func (d *deployed) settings(step string) (map[string]string, error) {
	command, err := d.named(step)
	if err != nil {
		return nil, err
	}
	text, _ := command.Inputs["create"].(string)
	found := map[string]string{}
	for _, match := range setting.FindAllStringSubmatch(text, -1) {
		found[match[1]] = match[2]
	}
	return found, nil
}

// userData is what the machine of a node booted with.
func (d *deployed) userData(node string) ([]byte, error) {
	for _, r := range d.resources {
		if r.URN.Type() == "aws:ec2/instance:Instance" && strings.HasSuffix(r.URN.Name(), node) {
			text, _ := r.Inputs["userData"].(string)
			if text == "" {
				return nil, fmt.Errorf("state: instance %s has no user data", node)
			}
			return []byte(text), nil
		}
	}
	return nil, fmt.Errorf("state: no instance for node %s", node)
}

// objects is the API objects that a test admits as one stream of documents, in the order in which they came to be.
func (d *deployed) objects(admits func(resource) bool) ([]byte, error) {
	var documents []string
	for _, r := range d.resources {
		if !isObject(r) || !admits(r) {
			continue
		}
		document, err := yaml.Marshal(r.Inputs)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.URN, err)
		}
		documents = append(documents, string(document))
	}
	if len(documents) == 0 {
		return nil, errors.New("state: holds none of the objects that the floor is to have")
	}
	return []byte(strings.Join(documents, "---\n")), nil
}

// isObject tells objects that exist by themselves from providers and from patches of what others made.
func isObject(r resource) bool {
	kind := string(r.URN.Type())
	return strings.HasPrefix(kind, "kubernetes:") && !strings.HasSuffix(kind, "Patch")
}

func isCalico(r resource) bool {
	return strings.HasPrefix(string(r.URN.Type()), "kubernetes:crd.projectcalico.org/")
}

func isDeployment(r resource) bool { return r.URN.Type() == "kubernetes:apps/v1:Deployment" }

// labels are those that a node gets once it has joined, as kubectl takes them.
func (d *deployed) labels(node string) ([]string, error) {
	var labels []string
	for _, r := range d.resources {
		metadata, _ := r.Inputs["metadata"].(map[string]any)
		if !strings.HasSuffix(string(r.URN.Type()), ":NodePatch") || metadata["name"] != node {
			continue
		}
		set, _ := metadata["labels"].(map[string]any)
		for key, value := range set {
			labels = append(labels, fmt.Sprintf("%s=%v", key, value))
		}
	}
	if len(labels) == 0 {
		return nil, fmt.Errorf("state: node %s has no labels", node)
	}
	return labels, nil
}

// deployments are the shop's, as NAMESPACE/NAME.
func (d *deployed) deployments() []string {
	var names []string
	for _, r := range d.resources {
		if metadata, _ := r.Inputs["metadata"].(map[string]any); isDeployment(r) {
			names = append(names, fmt.Sprintf("%v/%v", metadata["namespace"], metadata["name"]))
		}
	}
	return names
}
