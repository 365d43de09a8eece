// Package boundary holds what more than one layer says in the same words: plain types, of nodes and of applications, and how
// a layer tells what is wrong with its configuration. No layer imports another one; all of them may import this.
package boundary

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// Roles of a node.
const (
	ControlPlane = "control-plane"
	Worker       = "worker"
)

// Taint keeps pods without a matching toleration off a node.
type Taint struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Effect string `json:"effect"`
}

// Describe lists taints in a component's outputs, where policies read them.
func Describe(taints []Taint) pulumi.Array {
	list := pulumi.Array{}
	for _, taint := range taints {
		list = append(list, pulumi.StringMap{
			"key": pulumi.String(taint.Key), "value": pulumi.String(taint.Value), "effect": pulumi.String(taint.Effect),
		})
	}
	return list
}

// Dump is how an application's data is saved and brought back, and what a backup holds of it.
type Dump struct {
	// Name is the dump's file name.
	Name string
	// Namespace and Workload say where the commands run, e.g. ecommerce and deployment/postgres.
	Namespace, Workload string
	// End is the line by which a whole dump ends.
	End string
	// Dump prints the data; Content prints empty or rows, for what is there; Restore takes a dump on stdin, and replaces what
	// is there. All are lines of sh.
	Dump, Content, Restore string
}

// DiskAnnotation of a PersistentVolume names the kind of disk that it has to itself and that outlives the machine: "ebs".
const DiskAnnotation = "ecommerce-platform/disk"
