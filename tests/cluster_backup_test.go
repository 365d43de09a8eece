package tests

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"

	"ecommerce-platform/cluster"
	"ecommerce-platform/infra/boundary"
	"ecommerce-platform/tests/pulumitest"
)

const clusterBackupPassword = "the password that only this test knows"

// clusterBackedUp is the specification's topology with backups.
func clusterBackedUp() *cluster.Args {
	args := clusterArgs()
	args.Backup = cluster.Backup{Destination: "/var/backups/platform", Schedule: "*-*-* 03:00:00", Keep: 14, Run: "first"}
	args.BackupPassword = pulumi.String(clusterBackupPassword)
	args.Dumps = []boundary.Dump{{
		Name: "postgres.sql", Namespace: "ecommerce", Workload: "deployment/postgres", Dump: "pg_dumpall", Restore: "psql",
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
		assert.Equal(t, "sudo timeout --kill-after=10 12000 env ACTION='install' REPOSITORY='/var/backups/platform' RUN='first' DIGEST /opt/platform/bin/schedule.sh",
			clusterLine(step(rec, "backup")))
		assert.Equal(t, "sudo timeout --kill-after=10 120 env ACTION='remove' /opt/platform/bin/schedule.sh", step(rec, "backup").Input("delete"))
		assert.True(t, rec.WaitsFor(step(rec, "backup"), step(rec, "ready")))
		for _, r := range rec.All() {
			assert.False(t, rec.WaitsFor(r, step(rec, "backup")), r.Name)
			assert.False(t, rec.WaitsFor(r, step(rec, "backup-password")), "%s need not wait for the password", r.Name)
		}
	})
	t.Run("only the control plane knows the password", func(t *testing.T) {
		assert.Empty(t, rec.FindPlain(clusterBackupPassword), "the password is in plain sight")
		password := step(rec, "backup-password")
		assert.True(t, password.IsSecret("stdin"))
		assert.False(t, password.IsSecret("create"), "or the command could not be shown")
		assert.Equal(t, "none", password.Input("logging"))
		assert.Subset(t, password.AdditionalSecretOutputs, []string{"stdout", "stderr"})
	})
	t.Run("the control plane gets units and dumps, the workers nothing", func(t *testing.T) {
		files := clusterUpload(t, step(rec, "files"))
		pulumitest.Golden(t, "cluster/platform-backup.service", files["etc/platform-backup.service"])
		pulumitest.Golden(t, "cluster/platform-backup.timer", files["etc/platform-backup.timer"])
		assert.Equal(t, "postgres.sql\tecommerce\tdeployment/postgres\tpg_dumpall\tpsql\n", files["etc/dumps.tsv"])
		for name := range clusterUpload(t, rec.Get(t, clusterCommand, "shop-worker-node-1-files")) {
			assert.NotContains(t, name, "backup")
		}
	})
	t.Run("the backups that there are become an output", func(t *testing.T) {
		assert.Equal(t, []any{map[string]any{"point": "4f2a1b3c", "time": "2026-11-23T05:00:00Z"}}, rec.All(cluster.Type)[0].Output("backups"))
	})

	t.Run("another text takes a backup and does nothing else", func(t *testing.T) {
		args := clusterBackedUp()
		args.Backup.Run = "second"
		assert.Equal(t, []string{"shop-control-plane-backup"}, clusterDiffers(t, clusterBackedUp(), args))
	})
	t.Run("a restore goes through every step of the cluster, and then to the data", func(t *testing.T) {
		args := clusterBackedUp()
		args.Backup.Restore = "latest@today"
		changed := clusterDiffers(t, clusterBackedUp(), args)
		for _, name := range []string{"control-plane-init", "control-plane-kubeconfig", "worker-node-1-join", "control-plane-ready", "control-plane-restore-data"} {
			assert.Contains(t, changed, "shop-"+name)
		}
		for _, name := range changed {
			assert.False(t, strings.HasSuffix(name, "-files") || strings.HasSuffix(name, "-prepare"), name)
		}
		rec := clusterRun(t, args)
		assert.Contains(t, step(rec, "init").InputString("create"), "RESTORE='latest@today' REPOSITORY='/var/backups/platform'")
		assert.True(t, rec.WaitsFor(step(rec, "init"), step(rec, "backup-password")))
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
		"no schedule": {func(a *cluster.Args) { a.Backup.Schedule = "" }, `backup.schedule "": not a calendar event of systemd such as daily or *-*-* 03:00:00`},
		"a schedule of two lines": {
			func(a *cluster.Args) { a.Backup.Schedule = "daily\nUnit=x" }, `backup.schedule "daily\nUnit=x": not a calendar event of systemd such as daily or *-*-* 03:00:00`,
		},
		"none kept":          {func(a *cluster.Args) { a.Backup.Keep = 0 }, `backup.keep 0: at least one backup must be kept`},
		"a restore for ever": {func(a *cluster.Args) { a.Backup.Restore = "latest" }, `backup.restore "latest": must be latest@<any text>, or a point of the output backups, optionally with @<any text>`},
		"no password":        {func(a *cluster.Args) { a.BackupPassword = nil }, `backupPassword <unset>: required with backup.destination`},
		"a run of nothing":   {func(a *cluster.Args) { a.Backup.Destination = "" }, `backup.run "first": has no use without backup.destination`},
		"a restore of nothing": {
			func(a *cluster.Args) { a.Backup = cluster.Backup{Restore: "latest@x"} }, `backup.restore "latest@x": has no use without backup.destination`,
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
		args.Backup.Restore, args.Backup.Destination = right, "s3:https://s3.eu-central-1.amazonaws.com/shop-backups/prod"
		assert.Empty(t, args.Validate(), right)
	}
}
