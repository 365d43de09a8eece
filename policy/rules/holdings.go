package rules

import (
	"slices"

	"ecommerce-platform/policy/model"
)

func controlPlaneProtected(j *judge) {
	j.isProtected(func(n *model.Node) bool { return n.Role == model.ControlPlane }, "etcd")
}

func databaseProtected(j *judge) {
	const what = "the database's data"
	j.isProtected(func(n *model.Node) bool { return j.holds(n) == "database" }, what)
	if slices.Contains(development, j.stackName()) {
		return
	}
	for _, v := range j.of(model.VolumeType) {
		if held, _ := j.text(v, "tags.Holds"); held == "database" && !v.Options.Protect {
			j.unprotected(v, what)
		}
	}
}

// development are the stacks that may be thrown away: dev, or its layers where each is a stack of its own.
var development = []string{"dev", "dev-infra", "dev-cluster", "dev-workloads"}

// isProtected wants these machines protected outside of development.
func (j *judge) isProtected(those func(*model.Node) bool, what string) {
	if slices.Contains(development, j.stackName()) {
		return
	}
	for _, i := range j.machines() {
		if those(i) && !i.Instance.Options.Protect {
			j.unprotected(i.Instance, what)
		}
	}
}

func (j *judge) unprotected(r *model.Resource, what string) {
	j.fail(r, "%s holds %s, and nothing keeps Pulumi from deleting or replacing it", r.Name, what)
}

// holds is what the machine's disk holds and nothing else does.
func (j *judge) holds(n *model.Node) string {
	what, _ := j.text(n.Instance, "tags.Holds")
	return what
}

// dataKept finds machines that another one is to take the place of. A preview tells no rule what it is going to do. But a
// node keeps its public address over all of its machines: where that is there and the machine's own identity is not known,
// the machine is a successor. On a new platform neither is known.
func dataKept(j *judge) {
	for _, i := range j.machines() {
		if what := j.holds(i); what != "" && i.Instance.Unknown("arn") && j.standing(i.Name) {
			j.fail(i.Instance, "another machine takes the place of %s, and with its disk goes what is there of %s", i.Name, what)
		}
	}
}

// standing tells whether the node has its public address already.
func (j *judge) standing(node string) bool {
	for _, address := range j.Of(model.EipType) {
		if allocation, _ := address.Text("allocationId"); address.Name == node && allocation != "" {
			return true
		}
	}
	return false
}
