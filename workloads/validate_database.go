package workloads

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
)

// maxReplicas is how many servers one database may be.
const maxReplicas = 3

// maxVolumeGiB is what EBS has at the most.
const maxVolumeGiB = 16384

// marker is any text that only has to differ from the one before. It becomes part of a resource's name.
var marker = regexp.MustCompile(`^[A-Za-z0-9._-]{0,63}$`)

func (p *problems) database(a *Args) {
	d := a.Postgres
	before := len(p.Found())
	p.tier(postgresName, d.Tier)
	if d.Replicas > maxReplicas {
		p.Addf("postgres.replicas %d: must be 1, or 2 or %d for servers that have each other's data, or 0", d.Replicas, maxReplicas)
	}
	switch {
	case !slices.Contains([]string{"", durabilityRequired, durabilityPreferred}, d.Durability):
		p.add("postgres.durability", d.Durability, "must be required or preferred, or empty for what fits the number of replicas")
	case d.Durability != "" && !d.Replicated():
		p.add("postgres.durability", d.Durability, "needs postgres.replicas of 2 or 3: one server has no other to wait for")
	}
	if d.Replicated() {
		p.image("cloudNativePGImage", a.CloudNativePGImage, "cloudnative-pg:1.30.0")
	}
	if len(p.Found()) == before && d.Major() == "" {
		p.add("postgres.image", d.Image, "its tag must begin with PostgreSQL's major version, such as postgres:16 or postgres:16.4@sha256:<digest>")
	}
	if !marker.MatchString(d.Moved) {
		p.add("postgres.moved", d.Moved, "must be at most 63 letters, digits, dots, dashes and underscores, such as a date")
	}
	p.sharedMemory(d)
	p.Append(a.ValidateVolume()...)
}

func (p *problems) sharedMemory(d Database) {
	shared, ok := p.quantity("postgres.sharedMemory", d.SharedMemory)
	bound, key := d.Limits.Memory, "postgres.limits.memory"
	if bound == "" {
		bound, key = d.Requests.Memory, "postgres.requests.memory"
	}
	all, err := resource.ParseQuantity(bound)
	if !ok || err != nil {
		return
	}
	if 2*shared.Value() > all.Value() {
		p.Addf("postgres.sharedMemory %q: more than half of %s %q, of which it is a part", d.SharedMemory, key, bound)
	}
}

// ValidateVolume returns what is wrong with the place of the database's data, which every layer needs to know.
func (a *Args) ValidateVolume() []error {
	p := &problems{}
	d := a.Postgres
	i := slices.IndexFunc(a.Nodes, func(node Placement) bool { return node.Name == d.Node })
	rule := placementOf(postgresName)
	switch names := a.admittedNodes(); {
	case d.Replicated() && d.Node != "":
		p.add("postgres.node", d.Node, fmt.Sprintf("must be unset with %d replicas: each worker that may run the database holds a part of it", d.Replicas))
	case d.Replicated() && d.Replicas > len(names):
		p.Addf("postgres.replicas %d: only %d of the nodes can hold one each", d.Replicas, len(names))
	case d.Replicated():
	case d.Node == "" && len(names) > 1:
		p.Addf("postgres.node <unset>: required, since each of %s may hold the database; name the one that does", strings.Join(names, ", "))
	case d.Node == "": // the only one; where there is none, placement tells
	case i < 0:
		p.add("postgres.node", d.Node, "no worker has this name")
	case !rule.selects(a.Nodes[i]):
		p.add("postgres.node", d.Node, fmt.Sprintf("lacks the label %s=%s, which postgres needs", tierKey, rule.label))
	case !rule.tolerates(a.Nodes[i]):
		p.add("postgres.node", d.Node, "has a taint that postgres does not tolerate")
	}
	if len(validation.IsDNS1123Label(d.Volume)) > 0 {
		p.add("postgres.volume", d.Volume, "not a DNS label")
	}
	if !slices.Contains([]string{"", "gp2", "gp3"}, d.VolumeType) {
		p.add("postgres.volumeType", d.VolumeType, "must be gp2 or gp3, or empty for a part of the node's first disk")
	}
	if d.VolumeGiB < 1 || d.VolumeGiB > maxVolumeGiB {
		p.Addf("postgres.volumeGiB %d: must be between 1 and %d", d.VolumeGiB, maxVolumeGiB)
	}
	return p.Found()
}
