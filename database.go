package main

import (
	"fmt"
	"path"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/cluster"
	"ecommerce-platform/infra"
	"ecommerce-platform/infra/boundary"
	"ecommerce-platform/workloads"
)

// placeName names the Stash that remembers where the database's data are, and of which version. Its name ends in what
// postgres.moved says: with another text there is another Stash, which remembers the new place.
const placeName = "database"

// database is what every layer knows of the database.
func (c *Config) database() *workloads.Args {
	args := &workloads.Args{Postgres: c.Postgres}
	for _, node := range c.Nodes {
		if node.Role != boundary.ControlPlane {
			args.Nodes = append(args.Nodes, node.placement())
		}
	}
	return args
}

// holdsDatabase tells whether the database's data, or one server's copy of them, are on the node.
func (c *Config) holdsDatabase(node string) bool {
	return slices.Contains(c.database().DatabaseNodes(), node)
}

// volumes are the local volumes of a node.
func (c *Config) volumes(node string) []cluster.Volume {
	if !c.holdsDatabase(node) {
		return nil
	}
	return []cluster.Volume{{Directory: c.Postgres.Directory(), GiB: c.Postgres.VolumeGiB}}
}

// disks are the EBS volumes of a node.
func (c *Config) disks(node string) []infra.Volume {
	if !c.holdsDatabase(node) || !c.Postgres.OwnDisk() {
		return nil
	}
	return []infra.Volume{{
		Name: c.Postgres.Volume, Type: c.Postgres.VolumeType, GiB: c.Postgres.VolumeGiB, Holds: "database", Protect: c.ProtectDatabase,
	}}
}

// mounts are volumes of the machine with the disks that they are on.
func (m *machine) mounts(volumes []cluster.Volume) []cluster.Volume {
	for i := range volumes {
		if disk, ok := m.disks[path.Base(volumes[i].Directory)]; ok {
			volumes[i].DiskID = disk
		}
	}
	return volumes
}

// systemGiB is what a node's disk needs besides volumes: the size of Debian's image, which leaves its images and logs room
// before the kubelet begins to evict.
const systemGiB = 8

// checkVolume finds a volume that takes the disk of its node from the system.
func (c *Config) checkVolume() []error {
	for _, node := range c.Nodes {
		disk := orDefault(node.RootVolumeGiB, c.RootVolumeGiB)
		if free := disk - c.Postgres.VolumeGiB; len(c.volumes(node.Name)) > 0 && !c.Postgres.OwnDisk() && free < systemGiB {
			return []error{fmt.Errorf("postgres.volumeGiB %d: leaves %d of the %d GiB of %s's disk, of which the system and its images need %d; raise rootVolumeGiB, there or for all nodes",
				c.Postgres.VolumeGiB, max(free, 0), disk, node.Name, systemGiB)}
		}
	}
	return nil
}

// volumePlace tells the volume apart from one of the same name on another kind of disk. A platform that exists remembers the name alone
// of one on a node's first disk.
func (c *Config) volumePlace() string {
	place := c.Postgres.Volume
	if c.Postgres.OwnDisk() {
		place += ", an EBS volume"
	}
	if c.Postgres.Replicated() {
		place += ", of replicas"
	}
	return place
}

// checkPlace refuses, before anything stops, a place or a version with which the database would start empty or not at all.
func (c *Config) checkPlace(ctx *pulumi.Context) []error {
	nodes := c.database().DatabaseNodes()
	if !c.has("workloads") || len(nodes) == 0 {
		return nil
	}
	name := placeName
	if c.Postgres.Moved != "" {
		name += "-" + c.Postgres.Moved
	}
	keys := map[string]immutableKey{
		"volume": {"postgres.volume", fmt.Sprintf("%q", c.volumePlace())},
		"major":  {"postgres.image", fmt.Sprintf("%q", c.Postgres.Major())},
	}
	// A copy of the data comes and goes with its node; the only one does not.
	if !c.Postgres.Replicated() {
		keys["node"] = immutableKey{"postgres.node", fmt.Sprintf("%q", nodes[0])}
	}
	return compare(ctx, name, keys, "the data were made with %v and do not follow by themselves; set it back, or move them as docs/operations.md says and set postgres.moved to another text")
}
