package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMachinesWithData(t *testing.T) {
	for name, c := range map[string]struct {
		controlPlane, database string
		want                   []string
	}{
		"both are protected by default":  {"", "", []string{"control-plane", "worker-node-2"}},
		"the control plane alone":        {"true", "false", []string{"control-plane"}},
		"the database's machine alone":   {"false", "true", []string{"worker-node-2"}},
		"none, as in the sample's stack": {"false", "false", nil},
	} {
		t.Run(name, func(t *testing.T) {
			values := devStack(t)
			for key, value := range map[string]string{"protectControlPlane": c.controlPlane, "protectDatabase": c.database} {
				values[key] = value
				if value == "" {
					delete(values, key)
				}
			}
			rec, err := run(t, values, secrets())
			require.NoError(t, err)
			var protected []string
			holds := map[string]any{}
			for _, name := range rec.Names(infraInstance) {
				machine := rec.Get(t, infraInstance, name)
				if machine.Protect {
					protected = append(protected, name)
				}
				if machine.Has("tags.Holds") {
					holds[name] = machine.Input("tags.Holds")
				}
			}
			assert.Equal(t, c.want, protected)
			assert.Equal(t, map[string]any{"control-plane": "etcd", "worker-node-2": "database"}, holds)
		})
	}
}

func TestTheDatabaseHasADiskOfItsOwn(t *testing.T) {
	const name = "worker-node-2-postgres"
	values := devStack(t).with("postgres", `{"volumeType":"gp3","volumeGiB":100}`)
	delete(values, "protectDatabase")
	rec, err := run(t, values, secrets())
	require.NoError(t, err, "it takes nothing from the machine's first disk")
	machine, volume := rec.Get(t, infraInstance, "worker-node-2"), rec.Get(t, "aws:ebs/volume:Volume", name)
	assert.False(t, machine.Protect, "the machine may be replaced")
	assert.False(t, machine.Has("tags.Holds"))
	assert.True(t, volume.Protect)
	assert.Equal(t, 100.0, volume.Input("size"))
	step := rec.Get(t, "command:remote:Command", "platform-worker-node-2-volumes")
	assert.Contains(t, step.Input("create"), "VOLUMES='/var/lib/platform/volumes/postgres=100="+volume.ID+"'")
	assert.True(t, rec.WaitsFor(step, rec.Get(t, "aws:ec2/volumeAttachment:VolumeAttachment", name)))
	assert.Equal(t, "ebs", rec.Get(t, "kubernetes:core/v1:PersistentVolume", "shop-postgres").Input("metadata.annotations.ecommerce-platform/disk"))

	t.Run("a database on the first disk does not follow by itself", func(t *testing.T) {
		_, err := run(t, devStack(t).with("postgres", `{"volumeType":"gp3"}`), secrets(), created(t, devStack(t)))
		require.ErrorContains(t, err, `postgres.volume "postgres, an EBS volume": the data were made with "postgres" and do not follow by themselves`)
	})
	t.Run("another type", func(t *testing.T) {
		_, err := run(t, devStack(t).with("postgres", `{"volumeType":"io2"}`), secrets())
		require.ErrorContains(t, err, `postgres.volumeType "io2": must be gp2 or gp3, or empty for a part of the node's first disk`)
	})
}

func TestTheDatabasesVolumeLeavesRoom(t *testing.T) {
	const rule = "of which the system and its images need 8; raise rootVolumeGiB, there or for all nodes"
	for name, c := range map[string]struct {
		key, value, want string
	}{
		"as much as there is room": {"postgres", `{"volumeGiB":12}`, ""},
		"more":                     {"postgres", `{"volumeGiB":13}`, "postgres.volumeGiB 13: leaves 7 of the 20 GiB of worker-node-2's disk, " + rule},
		"more than the disk":       {"postgres", `{"volumeGiB":30}`, "postgres.volumeGiB 30: leaves 0 of the 20 GiB of worker-node-2's disk, " + rule},
		"a smaller disk for all":   {"rootVolumeGiB", "12", "postgres.volumeGiB 5: leaves 7 of the 12 GiB of worker-node-2's disk, " + rule},
		"a larger one for its node": {"nodes", `[{"name":"control-plane","role":"control-plane","privateIp":"172.31.15.119","rootVolumeGiB":8},
			{"name":"worker-node-1","role":"worker","privateIp":"172.31.2.239","labels":{"tier":"frontend"},"rootVolumeGiB":8},
			{"name":"worker-node-2","role":"worker","privateIp":"172.31.7.250","labels":{"tier":"backend"},"rootVolumeGiB":13}]`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := run(t, devStack(t).with(c.key, c.value), secrets())
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
		})
	}
}

// Each server has a volume on its node, which mounts it before it joins.
func TestTheDatabaseHasADiskForEachOfItsServers(t *testing.T) {
	rec, err := run(t, stackFile(t, "docs/examples/Pulumi.replicas.yaml"), secrets())
	require.NoError(t, err)
	require.Equal(t, []string{"worker-node-2-postgres", "worker-node-3-postgres"}, rec.Names("aws:ebs/volume:Volume"))
	database := rec.Get(t, "kubernetes:postgresql.cnpg.io/v1:Cluster", "shop-postgres")
	assert.Equal(t, 2.0, database.Input("spec.instances"))
	for _, node := range []string{"worker-node-2", "worker-node-3"} {
		volume := rec.Get(t, "aws:ebs/volume:Volume", node+"-postgres")
		assert.True(t, volume.Protect)
		step := rec.Get(t, "command:remote:Command", "platform-"+node+"-volumes")
		assert.Contains(t, step.Input("create"), volume.ID)
		assert.True(t, rec.WaitsFor(rec.Get(t, "command:remote:Command", "platform-"+node+"-join"), step), "no server gets there before")
	}
}

// One server is another place for the data than several, of which each comes and goes with its node.
func TestWhereTheServersOfADatabaseAre(t *testing.T) {
	several := func() stack { return stackFile(t, "docs/examples/Pulumi.replicas.yaml") }
	one := several().with("postgres", `{"node":"worker-node-2","volumeType":"gp3"}`)
	_, err := run(t, several(), secrets(), created(t, one))
	require.ErrorContains(t, err, `postgres.volume "postgres, an EBS volume, of replicas": the data were made with "postgres, an EBS volume" and do not follow by themselves`)
	_, err = run(t, several().with("postgres", `{"replicas":2,"volume":"replicas","volumeType":"gp3","moved":"2026-12-01"}`), secrets())
	require.NoError(t, err)
	more := several().with("nodes", `[{"name":"control-plane","role":"control-plane","privateIp":"172.31.15.119"},
		{"name":"worker-node-1","role":"worker","privateIp":"172.31.2.239","labels":{"tier":"frontend"}},
		{"name":"worker-node-4","role":"worker","privateIp":"172.31.2.1","labels":{"tier":"backend"}},
		{"name":"worker-node-2","role":"worker","privateIp":"172.31.7.250","labels":{"tier":"backend"}}]`)
	_, err = run(t, more, secrets(), created(t, several()))
	require.NoError(t, err)
}
