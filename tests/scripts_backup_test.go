package tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestScriptsBackup(t *testing.T) {
	h := newScriptsHost(t, nil)
	scriptsBackups(h)
	run := h.works("backup.sh", "")
	assert.Contains(t, run.calls, "restic init")
	assert.Contains(t, run.calls, "--cert "+h.root+"/etc/kubernetes/pki/etcd/healthcheck-client.crt")
	assert.Equal(t, []string{"platform,holds:etcd,revision:4711,bytes:10", "platform,holds:postgres.sql,bytes:27"}, scriptsTags(h), "one thing a point")
	assert.Equal(t, "the state\n", h.read("repository/00000001/stage/etcd.db"))
	assert.Equal(t, "ca.key", h.read("repository/00000001/stage/pki/ca.key"))
	assert.Equal(t, scriptsDump, h.read("repository/00000002/stage/dumps/postgres.sql"))
	assert.Regexp(t, `^20\d\d-.*Z\n$`, h.read("repository/00000001/stage/taken"))
	for _, kind := range []string{"etcd", "postgres.sql"} {
		assert.Contains(t, run.calls, "restic forget --host platform --tag platform,holds:"+kind+" --group-by host --keep-within 1d --keep-within-hourly 7d --keep-within-daily 90d",
			"each kind is counted by itself")
	}
	assert.False(t, h.has(scriptsStage), "nothing that is not encrypted stays")
	assert.NotContains(t, run.calls+run.stderr, "password", "of the password only its file is named, in the environment")
	assert.Contains(t, run.calls, "restic prune")

	again := h.works("backup.sh", "").calls
	assert.NotContains(t, again, "restic init")
	assert.NotContains(t, again, "images mount", "the tools are of the image that runs")
	assert.NotContains(t, again, "restic prune", "once a day")

	t.Run("the timers take one kind each", func(t *testing.T) {
		for what, kind := range map[string]string{"cluster": "holds:etcd", "data": "holds:postgres.sql"} {
			h.env["WHAT"] = what
			before := len(scriptsTags(h))
			h.works("backup.sh", "")
			tags := scriptsTags(h)
			require.Len(t, tags, before+1)
			assert.Contains(t, tags[before], kind)
		}
	})
}

func TestScriptsBackupIsWholeOrFails(t *testing.T) {
	for name, c := range map[string]struct {
		spoil        func(*scriptsHost)
		what, remedy string
		etcd         bool // whether the point of etcd, which is first, is whole all the same
	}{
		"the API server does not answer": {func(h *scriptsHost) { h.write("api-away", "") }, "whether there is a deployment/postgres in ecommerce is not known", "see why the API server does not answer", true},
		"the database does not answer":   {func(h *scriptsHost) { h.write("no-server", "") }, "postgres.sql cannot be dumped: no server", "see whether deployment/postgres in ecommerce runs", true},
		"a dump that is cut off":         {func(h *scriptsHost) { h.write("dump", "create table t\n") }, `postgres.sql cannot be dumped: it ends before its last line, "-- complete"`, "see whether", true},
		"a stage that is read in part":   {func(h *scriptsHost) { h.write("half-read", "") }, "etcd cannot be stored", "read what restic says", false},
		"no password":                    {func(h *scriptsHost) { h.write("var/lib/platform/backup/password", "") }, "this node has no password for backups", "run pulumi up with --replace", false},
		"no etcd":                        {func(h *scriptsHost) { h.write("tools/etcdctl", "#!/bin/bash\nexit 1\n") }, "etcd cannot be saved", "see whether it runs", false},
		"a damaged copy of etcd":         {func(h *scriptsHost) { h.write("tools/etcdutl", "#!/bin/bash\nexit 1\n") }, "what etcd gave is damaged", "look at etcd's log", false},
	} {
		t.Run(name, func(t *testing.T) {
			h := newScriptsHost(t, nil)
			scriptsBackups(h)
			c.spoil(h)
			run := h.fails("backup.sh", "", c.what, c.remedy)
			assert.False(t, h.has(scriptsStage), "nothing that is not encrypted stays")
			tags := strings.Join(scriptsTags(h), " ")
			assert.Equal(t, c.etcd, strings.Contains(tags, "holds:etcd"))
			assert.NotContains(t, tags, "holds:postgres.sql", "no point counts that is not whole")
			assert.NotContains(t, run.calls, "forget --host platform --tag platform,holds:postgres.sql", "and none is removed for it")
		})
	}
}

func TestScriptsBackupsAreToldToTheAgent(t *testing.T) {
	const directory, cluster, data = "var/lib/prometheus/node-exporter/", `{what="cluster"} `, `{what="data"} `
	const failed, due = "platform_backup_failed", "platform_backup_due_timestamp_seconds"
	h := newScriptsHost(t, nil)
	scriptsBackups(h)
	h.works("backup.sh", "")
	assert.False(t, h.has(directory+"backup-cluster.prom"), "without a schedule nothing is due")

	h.works("schedule.sh", "")
	assert.Equal(t, failed+cluster+"0\n"+due+cluster+"1796084100\n", h.read(directory+"backup-cluster.prom"))
	assert.Equal(t, failed+data+"0\n"+due+data+"1796086800\n", h.read(directory+"backup-data.prom"))
	info, err := os.Stat(filepath.Join(h.root, directory+"backup-data.prom"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o644), info.Mode().Perm(), "the agent is nobody")

	h.write("no-server", "")
	h.fails("backup.sh", "", "postgres.sql cannot be dumped", "see whether deployment/postgres")
	assert.Contains(t, h.read(directory+"backup-cluster.prom"), failed+cluster+"0\n", "that part is stored")
	assert.Contains(t, h.read(directory+"backup-data.prom"), failed+data+"1\n")
	h.works("schedule.sh", "")
	assert.Contains(t, h.read(directory+"backup-data.prom"), failed+data+"1\n", "another schedule is no backup")
	h.remove("no-server")
	h.works("backup.sh", "")
	assert.Contains(t, h.read(directory+"backup-data.prom"), failed+data+"0\n")

	h.write("storage-away", "")
	h.env["WHAT"] = "data"
	h.fails("backup.sh", "", "the repository "+h.root+"/repository cannot be used", "see whether the node may read and write there")
	assert.Contains(t, h.read(directory+"backup-data.prom"), failed+data+"1\n")
	assert.Contains(t, h.read(directory+"backup-cluster.prom"), failed+cluster+"0\n")

	h.env["ACTION"] = "remove"
	h.works("schedule.sh", "")
	assert.False(t, h.has(directory+"backup-data.prom"))
}

func TestScriptsBackupOfADatabaseThatIsNotThere(t *testing.T) {
	h := newScriptsHost(t, nil)
	scriptsBackups(h)
	h.write("no-database", "")
	assert.Contains(t, h.works("backup.sh", "").stderr, "there is no deployment/postgres in ecommerce yet, and so no postgres.sql")
	assert.Len(t, scriptsTags(h), 1)

	h.remove("no-database")
	h.works("backup.sh", "")
	h.write("no-database", "")
	h.fails("backup.sh", "", "there is no deployment/postgres in ecommerce any more, and so no postgres.sql", "its last point, 00000003, stays")
}

func TestScriptsRepository(t *testing.T) {
	h := newScriptsHost(t, nil)
	scriptsBackups(h)
	h.write("storage-away", "")
	run := h.fails("backup.sh", "", "the repository "+h.root+"/repository cannot be used", "see whether the node may read and write there")
	assert.Contains(t, run.stderr, "    Fatal: unable to open config file: Stat: 403 Access Denied")
	assert.NotContains(t, run.calls, "restic init", "a repository that does not answer may be there")
	h.stub("restic", "echo 'Fatal: wrong password or no key found'; exit 1")
	h.fails("backup.sh", "", "the repository "+h.root+"/repository has another password", "it was made with another keySeed")
}

func TestScriptsOneLockForTheState(t *testing.T) {
	for _, script := range []string{"backup.sh", "schedule.sh", "restore-data.sh", "init.sh"} {
		t.Run(script, func(t *testing.T) {
			h := scriptsBackedUp(t)
			h.env["RESTORE"] = ""
			h.write("var/lib/platform/state.holder", "another one, process 4711")
			held := exec.Command("flock", filepath.Join(h.root, "var/lib/platform/state.lock"), "sh", "-c", "echo held; cat")
			stdin, err := held.StdinPipe()
			require.NoError(t, err)
			stdout, err := held.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, held.Start())
			_, err = stdout.Read(make([]byte, 5))
			require.NoError(t, err)
			run := h.fails(script, "", "a backup, a restore or an upgrade is still at work", "wait for it to end")
			assert.Contains(t, run.stderr, "    another one, process 4711")
			require.NoError(t, stdin.Close())
			require.NoError(t, held.Wait())
		})
	}
}

func TestScriptsBackupPassword(t *testing.T) {
	h := newScriptsHost(t, map[string]string{"ACTION": "install", "REPOSITORY": "s3:https://storage.example.com/shop/prod"})
	run := h.works("backup-password.sh", "the secret\nkey-4711\nits secret")
	assert.Equal(t, "the secret", h.read("var/lib/platform/backup/password"))
	assert.Equal(t, "[default]\naws_access_key_id = key-4711\naws_secret_access_key = its secret\n", h.read("var/lib/platform/backup/credentials"))
	assert.Equal(t, h.env["REPOSITORY"]+"\n", h.read("var/lib/platform/backup/repository"))
	assert.NotContains(t, run.stdout+run.stderr+run.calls, "secret")
	for _, file := range []string{"password", "credentials"} {
		info, err := os.Stat(filepath.Join(h.root, "var/lib/platform/backup", file))
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
	h.fails("backup-password.sh", "", "no password came on stdin", "run pulumi up with --replace")
	assert.Equal(t, "the secret", h.read("var/lib/platform/backup/password"))
	h.works("backup-password.sh", "the secret")
	assert.False(t, h.has("var/lib/platform/backup/credentials"), "the role is enough again")

	h.env["ACTION"] = "remove"
	h.works("backup-password.sh", "")
	assert.False(t, h.has("var/lib/platform/backup/password"))
	assert.False(t, h.has("var/lib/platform/backup/repository"))
}

func TestScriptsScheduleBackups(t *testing.T) {
	h := newScriptsHost(t, nil)
	scriptsBackups(h)
	first := h.works("schedule.sh", "")
	assert.Contains(t, first.calls, "systemctl --quiet enable platform-backup-cluster.timer platform-backup-data.timer")
	assert.Empty(t, first.stdout, "nobody asked for one now")

	h.env["RUN"] = "before the sale"
	h.write("no-server", "")
	h.fails("schedule.sh", "", "the backup failed", "the lines above say why")
	h.remove("no-server")
	assert.Equal(t, "2026-11-23T05:00:00Z\tplatform,holds:etcd,revision:4711,bytes:10\t00000001\n"+
		"2026-11-23T05:00:00Z\tplatform,holds:etcd,revision:4711,bytes:10\t00000002\n"+
		"2026-11-23T05:00:00Z\tplatform,holds:postgres.sql,bytes:27\t00000003\n", h.works("schedule.sh", "").stdout, "one that failed is taken again")
	assert.NotContains(t, h.works("schedule.sh", "").calls, "restic backup", "once for each text")

	t.Run("the newest points of each kind are shown", func(t *testing.T) {
		h.env["WHAT"] = "cluster"
		for range 24 {
			h.works("backup.sh", "")
		}
		shown := h.works("schedule.sh", "").stdout
		assert.Equal(t, 24, strings.Count(shown, "holds:etcd"))
		assert.Equal(t, 1, strings.Count(shown, "holds:postgres.sql"))
		assert.NotContains(t, shown, "00000001")
	})
	t.Run("a wrong calendar event is named", func(_ *testing.T) {
		h.stub("systemctl", `[[ $* != "restart platform-backup"* ]]`)
		h.fails("schedule.sh", "", "backups cannot be scheduled", "see whether backup.schedule has calendar events")
		h.stub("systemctl", "")
	})
	t.Run("the end of the schedule leaves the backups", func(t *testing.T) {
		h.env["ACTION"] = "remove"
		h.stub("systemctl", `[[ $* != *disable*data* ]] || { echo "Failed to disable unit: Access denied" >&2; exit 1; }`)
		h.fails("schedule.sh", "", "platform-backup-data.timer cannot be stopped", "see systemctl status")
		assert.True(t, h.has("etc/systemd/system/platform-backup-cluster.timer"), "what is not at its end is not taken away")
		h.stub("systemctl", "")
		inOrder(t, h.works("schedule.sh", "").calls, "disable --now platform-backup-cluster.timer", "disable --now platform-backup-data.timer")
		assert.False(t, h.has("etc/systemd/system/platform-backup-cluster.timer"))
		assert.True(t, h.has("repository/config"))
	})
}
