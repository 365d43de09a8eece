package cluster

import (
	"regexp"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/cluster/step"
)

// marker is what a Node keeps of the last update, and any text that only has to differ from the one before.
var marker = regexp.MustCompile(`^[A-Za-z0-9._-]{0,63}$`)

func (p *problems) marker(key, text string) {
	if !marker.MatchString(text) {
		p.Addf("%s %q: must be at most 63 letters, digits, dots, dashes and underscores, such as a date", key, text)
	}
}

// updateSystems brings the packages of every node's system up to date and starts its machine again, one node after the other:
// its pods leave, it is updated, it is ready and open, next. The control plane is last, since every worker leaves and comes
// back through it. All of it comes after everything else that this update does on machines: a machine that starts again
// would cut that off. It returns what is done last; nil where there is nothing to do.
func updateSystems(args *Args, members []*node) (last *step.Done, err error) {
	if args.OSUpdate == "" {
		return nil, nil
	}
	var before []pulumi.Resource
	for _, member := range members {
		before = append(before, member.Steps()...)
	}
	control := members[0]
	for _, member := range append(members[1:len(members):len(members)], control) {
		if last, err = updateSystem(args, control, member, before); err != nil {
			return nil, err
		}
		before = []pulumi.Resource{last.Command}
	}
	return last, nil
}

func updateSystem(args *Args, control, member *node, before []pulumi.Resource) (*step.Done, error) {
	n := member.node
	settings := []step.Setting{
		step.Set("NODE_NAME", pulumi.String(n.Name)),
		step.Set("OS_UPDATE", pulumi.String(args.OSUpdate)),
		// Another machine has packages of another day.
		step.Set("MACHINE_ID", member.ID()),
	}
	cleared, err := control.Run(step.Step{
		Name: "empty-" + n.Name, Script: "clear.sh", Limit: 900, Waits: before,
		Settings: append(settings, step.Set("CONTROL_PLANE", pulumi.String(control.node.Name))),
	})
	if err != nil {
		return nil, err
	}
	updated, err := member.Run(step.Step{
		Name: "os", Script: "os-update.sh", Limit: 3600, After: []*step.Done{cleared}, Settings: settings[:2:2],
	})
	if err != nil {
		return nil, err
	}
	_, taints := n.given()
	return control.Run(step.Step{
		Name: "back-" + n.Name, Script: "member.sh", Limit: 2700, After: []*step.Done{updated},
		Settings: append(settings[:2:2], step.Set("NODE_IP", pulumi.String(n.PrivateIP)), step.Set("TAINTS", pulumi.String(taintNames(taints)))),
	})
}
