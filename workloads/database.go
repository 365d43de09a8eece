package workloads

import (
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

// DatabaseNode is the name of the node that holds the database's data: the one that is named, or the only one that may run
// it. Empty where nothing tells which one that is.
func (a *Args) DatabaseNode() string {
	if a.Postgres.Node != "" {
		return a.Postgres.Node
	}
	if names := a.databaseNodes(); len(names) == 1 {
		return names[0]
	}
	return ""
}

// databaseNodes are the names of the nodes that may run the database, sorted.
func (a *Args) databaseNodes() []string {
	var names []string
	for _, node := range a.Nodes {
		if placementOf(postgresName).admits(node) {
			names = append(names, node.Name)
		}
	}
	slices.Sort(names)
	return names
}
