package review

import (
	"fmt"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/checkpoint"
	"ecommerce-platform/policy/report"
)

// State is the environment variable that names a file with the stack's state, as `pulumi stack export` writes it.
const State = "PLATFORM_STATE"

// Running is where to read what runs. The zero value is a new cluster.
type Running struct {
	// File holds the stack's state.
	File string
	// Kubeconfig is of the running cluster, which says where the state's pods are. Default, where a new cluster would have them.
	Kubeconfig string
	// Resources are those of the base of a change, taken for what runs. They count where File is empty.
	Resources []policyx.AnalyzerResource
}

// baseline is what a report calls it.
func (r Running) baseline() string {
	if r.File == "" {
		return report.Base
	}
	return report.Runs
}

// read returns the stack that runs, or nil where none does.
func (r Running) read() (*model.Stack, error) {
	switch {
	case r.File == "" && r.Kubeconfig != "":
		return nil, fmt.Errorf("%s %q: read together with the stack's state only, which %s names", Kubeconfig, r.Kubeconfig, State)
	case r.File == "":
		return standing(r.Resources), nil
	}
	body, err := os.ReadFile(r.File)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", State, err)
	}
	resources, err := checkpoint.Read(body)
	if err != nil {
		return nil, fmt.Errorf("%s %q: %w", State, r.File, err)
	}
	return standing(resources), nil
}

// standing is the stack of these resources, or nil where it holds nothing of the platform.
func standing(resources []policyx.AnalyzerResource) *model.Stack {
	stack := model.Read(resources)
	if len(stack.Members()) == 0 || len(stack.Layers()) == 0 {
		return nil
	}
	return stack
}

// stands tells whether something that the scheduler looks at is there already: a provider has told its identity.
func stands(stack *model.Stack) bool {
	for _, node := range stack.Members() {
		if node.Instance == nil {
			continue
		}
		if arn, known := node.Instance.Text("arn"); known && arn != "" {
			return true
		}
	}
	for _, deployment := range stack.Deployments {
		if uid, known := deployment.Text("metadata.uid"); known && uid != "" {
			return true
		}
	}
	return false
}
