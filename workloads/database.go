package workloads

import (
	"cmp"
	"path"
	"regexp"
	"slices"
)

// volumes is the directory on a node below which every volume's file system is mounted.
const volumes = "/var/lib/platform/volumes"

// Directory is where the node has the volume's file system.
func (d Database) Directory() string { return path.Join(volumes, d.Volume) }

// OwnDisk tells whether the data outlive the machine that they are on.
func (d Database) OwnDisk() bool { return d.VolumeType != "" }

// data is the directory of the volume. It is inside of the file system: while that is not mounted, the kubelet finds
// nothing, and no server starts on an empty directory that happens to be in its place.
func (d Database) data() string { return path.Join(d.Directory(), "data") }

var majorVersion = regexp.MustCompile(`^[1-9][0-9](?:[^0-9]|$)`)

// Major is PostgreSQL's major version as the image's tag tells it, such as 16 of postgres:16.4-bookworm; empty where it
// does not. Another one cannot read the data.
func (d Database) Major() string {
	match := imageReference.FindStringSubmatch(d.Image)
	if match == nil {
		return ""
	}
	tag := match[imageReference.SubexpIndex("tag")]
	if !majorVersion.MatchString(tag) {
		return ""
	}
	return tag[:2]
}

// Replicated tells whether the database is more than one server.
func (d Database) Replicated() bool { return d.Replicas > 1 }

// Values of Database.Durability.
const (
	durabilityRequired  = "required"
	durabilityPreferred = "preferred"
)

// durability is what an order waits for.
func (d Database) durability() string {
	if d.Durability == "" && d.Replicas == 2 {
		return durabilityPreferred
	}
	return cmp.Or(d.Durability, durabilityRequired)
}

// DatabaseNodes are the names of the nodes that hold the database's data, sorted: of one server the node that is named, or the only one
// that may run it, and none where nothing tells which one that is; of more than one each that may run them.
func (a *Args) DatabaseNodes() []string {
	names := a.admittedNodes()
	switch {
	case a.Postgres.Replicated():
		return names
	case a.Postgres.Node != "":
		return []string{a.Postgres.Node}
	case len(names) == 1:
		return names
	}
	return nil
}

// databaseNode is the node that holds the data of one server, or empty.
func (a *Args) databaseNode() string {
	names := a.DatabaseNodes()
	if a.Postgres.Replicated() || len(names) == 0 {
		return ""
	}
	return names[0]
}

// admittedNodes are the names of the nodes that may run the database, sorted.
func (a *Args) admittedNodes() []string {
	var names []string
	for _, node := range a.Nodes {
		if placementOf(postgresName).admits(node) {
			names = append(names, node.Name)
		}
	}
	slices.Sort(names)
	return names
}
