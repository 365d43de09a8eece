package update

import (
	"reflect"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/placement"
	"ecommerce-platform/policy/rollout"
)

// turns are what is done to a node in its turn, in this order. The control plane is upgraded with its pods on it.
func (r *run) turns(was, is *model.Node) []string {
	var turns []string
	if was.Instance != nil && is.Instance != nil {
		identity := "arn"
		switch {
		case !was.Instance.Unknown(identity) && is.Instance.Unknown(identity), was.PrivateIP != is.PrivateIP:
			turns = append(turns, Replaced)
		case was.InstanceType != is.InstanceType:
			turns = append(turns, Changed)
		}
	}
	switch {
	case !r.upgrades(), slices.Contains(turns, Replaced):
	case is.Role == model.ControlPlane:
		turns = append(turns, UpgradedInPlace)
	default:
		turns = append(turns, Upgraded)
	}
	return turns
}

// upgrades tells whether the nodes are to have another version of Kubernetes or of the container runtime.
func (r *run) upgrades() bool {
	from, to := r.before.Stack.Facts, r.Stack.Facts
	return another(from.KubernetesVersion, to.KubernetesVersion) || another(from.ContainerdVersion, to.ContainerdVersion)
}

// tells is whether the state says what nodes run, as that of a cluster does since the program has published it.
func (r *run) tells() bool {
	if r.before.Stack.Facts.ContainerdVersion != "" || r.before.Stack.Facts.KubernetesVersion == "" {
		return true
	}
	r.Stack.NotEvaluatedFact("upgrades and updates of nodes: the state is of an earlier version of this program, which does not tell what they run")
	return false
}

// another tells whether both are known, and differ.
func another(from, to string) bool { return from != "" && to != "" && from != to }

// change takes the machines that are other ones or of another size, and the nodes that are of another version, one at a time: drained,
// changed, ready again, next. The control plane is the first.
func (r *run) change() error {
	from, to := r.before.Stack.Facts, r.Stack.Facts
	if r.tells() && to.CertificateRenewal != "" && from.CertificateRenewal != to.CertificateRenewal {
		r.update.API = append(r.update.API, Outage{
			While: "certificates are renewed", Until: "it has started again", Seconds: r.times.APIRestart.Seconds,
		})
	}
	if from.KubernetesVersion != "" && len(to.APIServer) > 0 && !reflect.DeepEqual(from.APIServer, to.APIServer) {
		r.update.API = append(r.update.API, Outage{
			While: "the API server gets other arguments", Until: "it has started again", Seconds: r.times.APIRestart.Seconds,
		})
	}
	nodes := slices.Clone(r.Stack.Members())
	slices.SortStableFunc(nodes, func(a, b *model.Node) int { return order(a) - order(b) })
	for _, node := range nodes {
		was := r.before.Stack.Node(node.Name)
		if was == nil {
			continue
		}
		for _, what := range r.turns(was, node) {
			if err := r.turn(node, what); err != nil {
				return err
			}
		}
	}
	return nil
}

// updateSystems takes the systems of all nodes to their newest packages, one node at a time, once everything else is done to machines; those
// of another machine also where the text stays. The control plane is the last.
func (r *run) updateSystems() error {
	from, to := r.before.Stack.Facts.OSUpdate, r.Stack.Facts.OSUpdate
	if to == "" || !r.tells() {
		return nil
	}
	nodes := slices.Clone(r.Stack.Members())
	slices.SortStableFunc(nodes, func(a, b *model.Node) int { return order(b) - order(a) })
	for _, node := range nodes {
		was := r.before.Stack.Node(node.Name)
		// A machine that joins starts again as well, with no pod on it that ran before.
		if was == nil || from == to && !slices.Contains(r.turns(was, node), Replaced) {
			continue
		}
		if err := r.turn(node, Updated); err != nil {
			return err
		}
	}
	return nil
}

func order(node *model.Node) int {
	if node.Role == model.ControlPlane {
		return 0
	}
	return 1
}

// turn drains a node, changes it, and opens it again.
func (r *run) turn(node *model.Node, what string) error {
	r.apiAway(node, what)
	if what == UpgradedInPlace {
		r.update.Nodes = append(r.update.Nodes, NodeChange{Node: node.Name, What: what, Seconds: r.takes(what)})
		return nil
	}
	if err := r.drain(node.Name, what, r.before); err != nil {
		return err
	}
	if what == Upgraded || what == Updated {
		r.Cluster.Replace(r.Node(node))
	} else {
		if err := r.takeAway(node.Name); err != nil {
			return err
		}
		r.Cluster.AddNode(r.Node(node))
	}
	if err := r.settleIn(node); err != nil {
		return err
	}
	if err := r.daemons(); err != nil {
		return err
	}
	return r.retry()
}

// takes is how long a node is closed or away, after its pods have left.
func (r *run) takes(what string) int {
	switch what {
	case Joins, Replaced:
		return r.times.NewMachine.Seconds
	case Changed:
		return r.times.MachineRestart.Seconds
	case Upgraded:
		return r.times.Upgrade.Seconds
	case UpgradedInPlace:
		if r.newKubernetes() {
			return r.times.Upgrade.Seconds + r.times.APIUpgrade.Seconds
		}
		return r.times.Upgrade.Seconds
	case Updated:
		return r.times.UpdatePackages.Seconds + r.times.MachineRestart.Seconds
	default:
		return 0
	}
}

// newKubernetes tells whether the update brings another version of Kubernetes.
func (r *run) newKubernetes() bool {
	return another(r.before.Stack.Facts.KubernetesVersion, r.Stack.Facts.KubernetesVersion)
}

// silent is how long a machine answers nobody meanwhile.
func (r *run) silent(what string) int {
	switch what {
	case Replaced:
		return r.times.NewMachine.Seconds
	case Changed, Updated:
		return r.times.MachineRestart.Seconds
	default:
		return 0
	}
}

// apiAway notes when the only API server is away.
func (r *run) apiAway(node *model.Node, what string) {
	if node.Role != model.ControlPlane {
		return
	}
	away := Outage{While: node.Name + " " + what, Until: "it has started on the machine that is back", Seconds: r.silent(what)}
	if away.Seconds > 0 {
		away.Seconds += r.times.APIStart.Seconds
	}
	switch {
	case what == UpgradedInPlace && r.newKubernetes():
		away.Until, away.Seconds = "the new one is ready", r.times.APIUpgrade.Seconds
	case what == Replaced:
		away.Until = "the new machine has started from a backup"
	case away.Seconds == 0:
		return
	}
	r.update.API = append(r.update.API, away)
}

// drain evicts a node's pods under the budgets of a stack. Pods that a budget keeps are taken for evicted once it is reported: the
// update waits there.
func (r *run) drain(node, what string, budgets *placement.Simulation) error {
	eviction, err := rollout.Evict(r.Cluster, budgets, node)
	if err != nil {
		return err
	}
	change := NodeChange{
		Node: node, What: what, Moves: map[string]int{}, Pending: map[string]int{}, Blocked: eviction.Blocked,
		Seconds: r.times.Evict.Seconds + r.takes(what), Silent: r.silent(what),
	}
	for _, outcome := range eviction.Successors {
		r.noteOne(outcome)
		if outcome.Node == "" {
			change.Pending[r.whose(outcome.Pod)]++
		} else {
			change.Moves[r.whose(outcome.Pod)]++
		}
	}
	for _, pod := range eviction.Ended {
		r.ended[placement.Key(pod)] = r.Cluster.Declared(pod)
		change.Ended = append(change.Ended, Ended{placement.Key(pod), r.declaredAs(pod)})
	}
	r.update.Nodes = append(r.update.Nodes, change)
	for _, tier := range r.Tiers {
		for _, revision := range []string{placement.Running, placement.Next} {
			switch few, there := eviction.Lowest[tier.Controller(revision)]; {
			case there && few > 0 && tier.Postgres != nil:
				r.emptied(tier, change)
				r.update.Outages = append(r.update.Outages, Outage{
					Tier: tier.Name(), While: change.Node + " " + change.What, Until: "another instance is the primary, where the primary was there",
					Seconds: r.times.Switchover.Seconds,
				})
				continue
			case !there || few > 0:
				continue
			}
			r.update.Outages = append(r.update.Outages, r.outage(tier.Name(), change, change.Moves[tier.Name()] > 0))
		}
	}
	return nil
}

// emptied notes that an instance of a database comes back to a machine that has nothing of it.
func (r *run) emptied(tier *placement.Tier, change NodeChange) {
	object := &corev1.Node{}
	if node := r.Stack.Node(change.Node); node != nil {
		object.Name, object.Labels = node.Name, node.Labels
	}
	for _, volume := range r.Stack.Volumes {
		if change.What == Replaced && volume.Malformed == nil && volume.Value.Spec.Local != nil && tier.Takes(&volume.Value) &&
			volume.Value.Annotations[model.DiskAnnotation] == "" && placement.Reaches(&volume.Value, object) {
			r.Stack.AddGap(model.Gap{
				Type: tier.Postgres.Type, Name: tier.Postgres.Name,
				Fact: "its instance on " + change.Node + ", whose data are gone with the machine: another instance has them, and whether they are copied to this one",
			})
		}
	}
}

// outage is of a tier all of whose pods a drain took away, and of which some have started elsewhere or none.
func (r *run) outage(tier string, change NodeChange, moves bool) Outage {
	o := Outage{Tier: tier, While: change.Node + " " + change.What}
	switch {
	case moves:
		o.Until, o.Seconds = "its pods have started elsewhere", r.times.PodReady.Seconds
		return o
	case change.What == Leaves:
		o.Until, o.Open = "another node takes them", true
		return o
	case change.What == Replaced:
		o.Until = "the new machine has joined"
	default:
		o.Until = "the node is back"
	}
	o.Seconds = change.Seconds + r.times.PodReady.Seconds
	return o
}

// total adds up what is done one after the other.
func (r *run) total() {
	joins := 0
	for _, node := range r.update.Nodes {
		if node.What == Joins {
			joins = node.Seconds // all of them at once
		} else {
			r.update.Seconds += node.Seconds
		}
	}
	waves := 0
	for _, rolled := range r.update.Rollouts {
		waves = max(waves, rolled.Waves)
	}
	r.update.Seconds += joins + waves*r.times.PodReady.Seconds
}
