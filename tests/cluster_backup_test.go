package tests

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/cluster"
	"ecommerce-platform/infra/boundary"
	"ecommerce-platform/tests/pulumitest"
)

const clusterBackupPassword = "the password that only this test knows"

// clusterBackedUp is the specification's topology with backups.
func clusterBackedUp() *cluster.Args {
	args := clusterArgs()
	args.Backup = cluster.Backup{
		Destination: "/var/backups/platform", Run: "first",
		Schedule: cluster.BackupSchedule{Cluster: "*:0/15", Data: "hourly"}, Keep: cluster.BackupRetention{All: 1, Hourly: 7, Daily: 90},
	}
	args.BackupPassword = pulumi.String(clusterBackupPassword)
	args.Dumps = []boundary.Dump{{
		Name: "postgres.sql", Namespace: "ecommerce", Workload: "deployment/postgres", End: "-- complete",
		Dump: "pg_dumpall", Content: "content", Restore: "psql",
	}}
	return args
}

func TestClusterBackups(t *testing.T) {
	rec := clusterRun(t, clusterBackedUp())
	step := func(rec *pulumitest.Recorder, name string) *pulumitest.Resource {
		return rec.Get(t, clusterCommand, "shop-control-plane-"+name)
	}

	t.Run("without a destination there are none", func(t *testing.T) {
		for _, name := range clusterRun(t, clusterArgs()).Names(clusterCommand) {
			assert.NotContains(t, name, "backup")
			assert.NotContains(t, name, "restore")
		}
	})
	t.Run("the schedule is made last and nothing waits for it", func(t *testing.T) {
		assert.Equal(t, "sudo timeout --kill-after=10 12000 env ACTION='install' REPOSITORY='/var/backups/platform' RUN='first' KEEP_ALL='1' KEEP_HOURLY='7' KEEP_DAILY='90' DIGEST /opt/platform/bin/schedule.sh",
			clusterLine(step(rec, "backup")))
		assert.Equal(t, "sudo timeout --kill-after=10 120 env ACTION='remove' /opt/platform/bin/schedule.sh", step(rec, "backup").Input("delete"))
		assert.True(t, rec.WaitsFor(step(rec, "backup"), step(rec, "ready")))
		for _, r := range rec.All() {
			assert.False(t, rec.WaitsFor(r, step(rec, "backup")), r.Name)
		}
	})
	t.Run("a machine that takes the control plane's place may start from a backup", func(t *testing.T) {
		assert.True(t, rec.WaitsFor(step(rec, "init"), step(rec, "backup-password")))
		assert.NotContains(t, step(rec, "init").InputString("create"), "KNOWN", "the first one has nothing to start from")
		assert.Contains(t, step(rec, "init").InputString("update"), " KNOWN='yes' ")
	})
	t.Run("only the control plane knows the password", func(t *testing.T) {
		assert.Empty(t, rec.FindPlain(clusterBackupPassword), "the password is in plain sight")
		password := step(rec, "backup-password")
		assert.True(t, password.IsSecret("stdin"))
		assert.False(t, password.IsSecret("create"), "or the command could not be shown")
		assert.Equal(t, "none", password.Input("logging"))
		assert.Subset(t, password.AdditionalSecretOutputs, []string{"stdout", "stderr"})
		assert.Equal(t, clusterBackupPassword, password.Input("stdin"))
	})
	t.Run("and the key of storage that is not AWS", func(t *testing.T) {
		args := clusterBackedUp()
		args.Backup.Destination, args.BackupKey = "s3:https://storage.example.com/shop", cluster.AccessKey{ID: "key-0815", Secret: "its-secret-0815"}
		rec := clusterRun(t, args)
		assert.Empty(t, rec.FindPlain("key-0815"))
		assert.Empty(t, rec.FindPlain("its-secret-0815"))
		assert.Equal(t, clusterBackupPassword+"\nkey-0815\nits-secret-0815", step(rec, "backup-password").Input("stdin"))
	})
	t.Run("the control plane gets units and dumps, the workers nothing", func(t *testing.T) {
		files := clusterUpload(t, step(rec, "files"))
		for _, unit := range []string{"platform-backup@.service", "platform-backup-cluster.timer", "platform-backup-data.timer"} {
			pulumitest.Golden(t, "cluster/"+unit, files["etc/"+unit])
		}
		assert.Equal(t, "postgres.sql\tecommerce\tdeployment/postgres\t-- complete\tpg_dumpall\tcontent\tpsql\n", files["etc/dumps.tsv"])
		for name := range clusterUpload(t, rec.Get(t, clusterCommand, "shop-worker-node-1-files")) {
			assert.NotContains(t, name, "backup")
		}
	})
	t.Run("the newest points become an output that says what each holds", func(t *testing.T) {
		assert.Equal(t, []any{
			map[string]any{"point": "4f2a1b3c", "time": "2026-11-23T05:00:00Z", "holds": "etcd", "revision": "4711", "bytes": "20480"},
			map[string]any{"point": "5a6b7c8d", "time": "2026-11-23T05:00:10Z", "holds": "postgres.sql", "bytes": "1234"},
		}, rec.All(cluster.Type)[0].Output("backups"))
	})

	t.Run("another text takes a backup and does nothing else", func(t *testing.T) {
		args := clusterBackedUp()
		args.Backup.Run = "second"
		assert.Equal(t, []string{"shop-control-plane-backup"}, clusterDiffers(t, clusterBackedUp(), args))
	})
	t.Run("a restore of the cluster goes through every step and leaves the data alone", func(t *testing.T) {
		args := clusterBackedUp()
		args.Backup.Restore.Cluster = "latest@today"
		changed := clusterDiffers(t, clusterBackedUp(), args)
		for _, name := range []string{"control-plane-init", "control-plane-kubeconfig", "worker-node-1-join", "control-plane-ready"} {
			assert.Contains(t, changed, "shop-"+name)
		}
		for _, name := range changed {
			assert.False(t, strings.HasSuffix(name, "-files") || strings.HasSuffix(name, "-prepare") || strings.HasSuffix(name, "-restore-data"), name)
		}
		assert.Contains(t, step(clusterRun(t, args), "init").InputString("create"), "RESTORE='latest@today'")
	})
	t.Run("a restore of the data leaves the cluster alone", func(t *testing.T) {
		args := clusterBackedUp()
		args.Backup.Restore.Data = "latest@today"
		assert.Equal(t, []string{"shop-control-plane-restore-data"}, clusterDiffers(t, clusterBackedUp(), args))
		rec := clusterRun(t, args)
		assert.True(t, rec.WaitsFor(step(rec, "restore-data"), step(rec, "ready")))
		assert.True(t, rec.WaitsFor(step(rec, "backup"), step(rec, "restore-data")), "no backup is taken of what is half restored")
	})
}

// clusterDiffers lists the commands that the second configuration runs and the first does not.
func clusterDiffers(t *testing.T, before, after *cluster.Args) []string {
	t.Helper()
	old := clusterRun(t, before)
	var changed []string
	for _, r := range clusterRun(t, after).All(clusterCommand) {
		if was := old.Find(clusterCommand, r.Name); was == nil || was.Input("create") != r.Input("create") {
			changed = append(changed, r.Name)
		}
	}
	return changed
}

func TestClusterRefusesWrongBackups(t *testing.T) {
	const directory = "must be the plain absolute path of a directory, or s3:https://<endpoint>/<bucket>/<prefix>"
	for name, c := range map[string]struct {
		change func(*cluster.Args)
		want   string
	}{
		"a runtime that cannot mount images": {
			func(a *cluster.Args) { a.ContainerdVersion = "2.2.1" },
			`containerdVersion "2.2.1": cannot mount an image, which a backup takes etcd's tools from; use 2.2.2 or later`,
		},
		"a relative directory":   {func(a *cluster.Args) { a.Backup.Destination = "backups" }, `backup.destination "backups": ` + directory},
		"the root directory":     {func(a *cluster.Args) { a.Backup.Destination = "/" }, `backup.destination "/": ` + directory},
		"another protocol":       {func(a *cluster.Args) { a.Backup.Destination = "sftp:host:/x" }, `backup.destination "sftp:host:/x": ` + directory},
		"a bucket without a URL": {func(a *cluster.Args) { a.Backup.Destination = "s3:bucket/x" }, `backup.destination "s3:bucket/x": not an http or https URL`},
		"no bucket": {
			func(a *cluster.Args) { a.Backup.Destination = "s3:https://s3.amazonaws.com" },
			`backup.destination "s3:https://s3.amazonaws.com": names no bucket, such as s3:https://s3.eu-central-1.amazonaws.com/bucket/prefix`,
		},
		"a key in the address": {
			func(a *cluster.Args) { a.Backup.Destination = "s3:https://a:b@host/bucket" },
			`backup.destination "s3:https://a:b@host/bucket": must not hold a user name or a password`,
		},
		"no schedule": {func(a *cluster.Args) { a.Backup.Schedule.Cluster = "" }, `backup.schedule.cluster "": not a calendar event of systemd such as daily or *-*-* 03:00:00`},
		"a schedule of two lines": {
			func(a *cluster.Args) { a.Backup.Schedule.Data = "daily\nUnit=x" }, `backup.schedule.data "daily\nUnit=x": not a calendar event of systemd such as daily or *-*-* 03:00:00`,
		},
		"none kept":      {func(a *cluster.Args) { a.Backup.Keep.All = 0 }, `backup.keep.all 0: must be a number of days, at least 1`},
		"less than none": {func(a *cluster.Args) { a.Backup.Keep.Daily = -1 }, `backup.keep.daily -1: must be a number of days, at least 0`},
		"a restore for ever": {
			func(a *cluster.Args) { a.Backup.Restore.Cluster = "latest" },
			`backup.restore.cluster "latest": must be latest@<any text>, or a point of the output backups, optionally with @<any text>`,
		},
		"a restore of data for ever": {
			func(a *cluster.Args) { a.Backup.Restore.Data = "overwrite:latest" },
			`backup.restore.data "overwrite:latest": must be latest@<any text>, or a point of the output backups, optionally with @<any text>, and with overwrite: before it to replace data that is there`,
		},
		"storage that is not AWS without a key": {
			func(a *cluster.Args) { a.Backup.Destination = "s3:https://storage.example.com/shop" },
			`backupKey <unset>: required with storage.example.com, which is not AWS and knows no role`,
		},
		"half a key": {
			func(a *cluster.Args) {
				a.Backup.Destination, a.BackupKey.ID = "s3:https://storage.example.com/shop", "key"
			}, `backupKey <secret>: accessKeyId and secretAccessKey must both be set, without blanks`,
		},
		"a key to a directory": {
			func(a *cluster.Args) { a.BackupKey = cluster.AccessKey{ID: "key", Secret: "secret"} },
			`backupKey <secret>: has no use with the directory /var/backups/platform`,
		},
		"no password":      {func(a *cluster.Args) { a.BackupPassword = nil }, `backupPassword <unset>: required with backup.destination`},
		"a run of nothing": {func(a *cluster.Args) { a.Backup.Destination = "" }, `backup.run "first": has no use without backup.destination`},
		"a key to nothing": {
			func(a *cluster.Args) {
				a.Backup, a.BackupKey = cluster.Backup{}, cluster.AccessKey{ID: "id", Secret: "secret"}
			},
			`backupKey <secret>: has no use without backup.destination`,
		},
		"a restore of nothing": {
			func(a *cluster.Args) { a.Backup = cluster.Backup{Restore: cluster.Restore{Data: "latest@x"}} }, `backup.restore.data "latest@x": has no use without backup.destination`,
		},
		"a dump in a directory":  {func(a *cluster.Args) { a.Dumps[0].Name = "../x" }, `dumps[0].name "../x": must be lower-case letters, digits, dots and dashes`},
		"a command of two lines": {func(a *cluster.Args) { a.Dumps[0].Dump = "a\nb" }, `dumps[0].dump "a\nb": must be one line without tabs`},
	} {
		t.Run(name, func(t *testing.T) {
			args := clusterBackedUp()
			c.change(args)
			var found []string
			for _, problem := range args.Validate() {
				found = append(found, problem.Error())
			}
			assert.Equal(t, []string{c.want}, found)
		})
	}
	for _, right := range []string{"latest@2026-11-23", "4f2a1b3c", "4f2a1b3c@again"} {
		args := clusterBackedUp()
		args.Backup.Restore, args.Backup.Destination = cluster.Restore{Cluster: right, Data: "overwrite:" + right}, "s3:https://s3.eu-central-1.amazonaws.com/shop-backups/prod"
		assert.Empty(t, args.Validate(), right)
	}
}

func TestClusterS3Partition(t *testing.T) {
	for destination, want := range map[string]string{
		"s3:https://s3.eu-central-1.amazonaws.com/bucket/prod":     "aws",
		"s3:https://s3.us-gov-west-1.amazonaws.com/bucket":         "aws-us-gov",
		"s3:https://s3.cn-north-1.amazonaws.com.cn/bucket/prod":    "aws-cn",
		"s3:https://amazonaws.com.storage.example.com/bucket/prod": "",
	} {
		place, err := cluster.ParseS3(destination)
		require.NoError(t, err)
		assert.Equal(t, want, place.Partition(), destination)
	}
}
