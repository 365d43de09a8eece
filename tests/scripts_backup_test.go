package tests

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	scriptsDumps  = "postgres.sql\tecommerce\tdeployment/postgres\tpg_dumpall\tpsql\n"
	scriptsStage  = "var/lib/platform/backup/stage"
	scriptsPoint  = "var/lib/platform/backup/unpacked"
	scriptsMember = "var/lib/etcd/member/snap"
)

// scriptsBackups lets a control plane write backups: a repository that keeps the last one, an image with etcd's tools,
// and pods whose commands print.
func scriptsBackups(h *scriptsHost) {
	scriptsComponents(h)
	h.env["REPOSITORY"], h.env["KEEP"], h.env["ACTION"] = filepath.Join(h.root, "repository"), "3", "install"
	h.write("opt/platform/etc/dumps.tsv", scriptsDumps)
	h.write("opt/platform/etc/platform-backup.service", "[Service]\n")
	h.write("opt/platform/etc/platform-backup.timer", "[Timer]\n")
	h.write("etc/kubernetes/manifests/etcd.yaml", "    image: registry.k8s.io/etcd:3.6.6-0\n")
	for _, file := range []string{"ca.crt", "ca.key", "sa.key", "sa.pub", "front-proxy-ca.crt", "front-proxy-ca.key", "etcd/ca.crt", "etcd/ca.key"} {
		h.write("etc/kubernetes/pki/"+file, file)
	}
	h.write("var/lib/platform/backup/password", "password")
	h.stub("restic", `repository=$RESTIC_REPOSITORY stage=$PLATFORM_ROOT/var/lib/platform/backup/stage
case "$1" in
cat) [[ -e $repository/config ]] ;;
init) mkdir -p "$repository"; touch "$repository/config" ;;
backup) rm -rf "$repository/kept"; cp -a "$stage" "$repository/kept" ;;
restore) [[ -d $repository/kept ]] || { echo "no snapshot found"; exit 1; }; mkdir -p "${*: -1}$stage"; cp -a "$repository/kept/." "${*: -1}$stage/" ;;
snapshots) echo '[{"short_id":"4f2a1b3c","time":"2026-11-23T05:00:00Z"}]' ;;
esac`)
	h.write("tools/etcdctl", "#!/bin/bash\necho \"etcdctl $*\" >>\"$CALLS\"\necho 'the state' >\"${*: -1}\"\n")
	h.write("tools/etcdutl", `#!/bin/bash
echo "etcdutl $*" >>"$CALLS"
[[ $2 == restore ]] || exit 0
data=$(sed 's/.*--data-dir \([^ ]*\) .*/\1/' <<<"$*")
mkdir -p "$data/member"
cp "$3" "$data/member/snap"
`)
	script, err := os.ReadFile(filepath.Join(h.bin, "ctr"))
	require.NoError(h.t, err)
	h.stub("ctr", strings.SplitN(string(script), "\n", 3)[2]+`case "$*" in
*"images mount"*) mkdir -p "${*: -1}/usr/local/bin"; cp "$PLATFORM_ROOT"/tools/* "${*: -1}/usr/local/bin/"; chmod +x "${*: -1}"/usr/local/bin/* ;;
*"images unmount"*) rm -rf "${*: -1}/usr" ;;
esac`)
	h.stub("kubectl", `case "$*" in
*" get deployment/postgres "*) [[ -e $PLATFORM_ROOT/no-database ]] || echo deployment.apps/postgres ;;
*" -- sh -c pg_dumpall") [[ ! -e $PLATFORM_ROOT/no-server ]] || { echo "no server"; exit 1; }; echo "create table t" ;;
*" -- sh -c psql") cat >"$PLATFORM_ROOT/database" ;;
*"get nodes"*) exit 1 ;;
esac`)
}

func TestScriptsBackup(t *testing.T) {
	h := newScriptsHost(t, nil)
	scriptsBackups(h)
	run := h.works("backup.sh", "")
	assert.Contains(t, run.calls, "restic init")
	assert.Contains(t, run.calls, "--cert "+h.root+"/etc/kubernetes/pki/etcd/healthcheck-client.crt")
	assert.Contains(t, run.calls, "restic forget --host platform --tag platform --group-by host --keep-last 3 --prune")
	assert.Equal(t, "the state\n", h.read("repository/kept/etcd.db"))
	assert.Equal(t, "create table t\n", h.read("repository/kept/dumps/postgres.sql"))
	assert.Equal(t, "ca.key", h.read("repository/kept/pki/ca.key"))
	assert.Regexp(t, `^20\d\d-.*Z\n$`, h.read("repository/kept/taken"))
	assert.False(t, h.has(scriptsStage), "nothing that is not encrypted stays")
	assert.NotContains(t, run.calls+run.stderr, "password", "of the password only its file is named, in the environment")

	again := h.works("backup.sh", "").calls
	assert.NotContains(t, again, "restic init")
	assert.NotContains(t, again, "images mount", "the tools are of the image that runs")

	t.Run("a database that is not there yet is no failure", func(t *testing.T) {
		h.write("no-database", "")
		assert.Contains(t, h.works("backup.sh", "").stderr, "there is no deployment/postgres in ecommerce yet, and so no postgres.sql")
		assert.False(t, h.has("repository/kept/dumps/postgres.sql"))
		require.NoError(t, os.Remove(filepath.Join(h.root, "no-database")))
	})
	for name, c := range map[string]struct {
		spoil        func(*scriptsHost)
		what, remedy string
	}{
		"the database does not answer": {func(h *scriptsHost) { h.write("no-server", "") }, "postgres.sql cannot be dumped", "see whether deployment/postgres in ecommerce runs"},
		"no password":                  {func(h *scriptsHost) { h.write("var/lib/platform/backup/password", "") }, "this node has no password for backups", "run pulumi up with --replace"},
		"no repository":                {func(h *scriptsHost) { h.stub("restic", "echo access denied; exit 1") }, "the repository", "see whether the node may read and write there"},
		"no room":                      {func(h *scriptsHost) { h.stub("restic", `[[ $1 != backup ]] || { echo "no space left"; exit 1; }`) }, "the backup cannot be stored", "read what restic says"},
		"no etcd":                      {func(h *scriptsHost) { h.write("tools/etcdctl", "#!/bin/bash\nexit 1\n") }, "etcd cannot be saved", "see whether it runs"},
		"a damaged copy of etcd":       {func(h *scriptsHost) { h.write("tools/etcdutl", "#!/bin/bash\nexit 1\n") }, "what etcd gave is damaged", "look at etcd's log"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newScriptsHost(t, nil)
			scriptsBackups(h)
			c.spoil(h)
			h.fails("backup.sh", "", c.what, c.remedy)
			assert.False(t, h.has(scriptsStage), "nothing that is not encrypted stays")
		})
	}
}

func TestScriptsBackupPassword(t *testing.T) {
	h := newScriptsHost(t, nil)
	run := h.works("backup-password.sh", "the secret")
	assert.Equal(t, "the secret", h.read("var/lib/platform/backup/password"))
	assert.NotContains(t, run.stdout+run.stderr+run.calls, "the secret")
	info, err := os.Stat(filepath.Join(h.root, "var/lib/platform/backup/password"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	h.fails("backup-password.sh", "", "no password came on stdin", "run pulumi up with --replace")
	assert.Equal(t, "the secret", h.read("var/lib/platform/backup/password"))
}

func TestScriptsScheduleBackups(t *testing.T) {
	h := newScriptsHost(t, nil)
	scriptsBackups(h)
	first := h.works("schedule.sh", "")
	assert.Contains(t, first.calls, "systemctl --quiet enable platform-backup.timer")
	assert.NotContains(t, first.calls, "start platform-backup.service", "nobody asked for one now")
	assert.JSONEq(t, `[{"short_id":"4f2a1b3c","time":"2026-11-23T05:00:00Z"}]`, first.stdout)

	h.env["RUN"] = "before the sale"
	h.stub("systemctl", `[[ $* != "start platform-backup.service" ]]`)
	h.fails("schedule.sh", "", "the backup failed", "the lines above say why")
	h.stub("systemctl", "")
	assert.Contains(t, h.works("schedule.sh", "").calls, "systemctl start platform-backup.service", "one that failed is taken again")
	assert.NotContains(t, h.works("schedule.sh", "").calls, "start platform-backup.service", "once for each text")

	t.Run("a wrong calendar event is named", func(_ *testing.T) {
		h.stub("systemctl", `[[ $* != "restart platform-backup.timer" ]]`)
		h.fails("schedule.sh", "", "backups cannot be scheduled", "see whether backup.schedule is a calendar event")
		h.stub("systemctl", "")
	})
	t.Run("the end of the schedule leaves the backups", func(t *testing.T) {
		h.env["ACTION"] = "remove"
		assert.Contains(t, h.works("schedule.sh", "").calls, "disable --now platform-backup.timer")
		assert.False(t, h.has("etc/systemd/system/platform-backup.timer"))
		assert.True(t, h.has("repository/config"))
	})
}

// scriptsBackedUp is a control plane that runs, with a backup of it, and that is told to go back.
func scriptsBackedUp(t *testing.T) *scriptsHost {
	h := scriptsControlPlane(t)
	h.works("init.sh", "")
	scriptsBackups(h)
	for _, name := range []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler"} {
		h.write("etc/kubernetes/manifests/"+name+".yaml", "x")
	}
	h.write("etc/kubernetes/admin.conf", "x")
	h.write("etc/kubernetes/kubelet.conf", "x")
	h.write(scriptsMember, "a later state")
	h.works("backup.sh", "")
	h.env["RESTORE"] = "latest@today"
	return h
}

func TestScriptsRestoreEtcd(t *testing.T) {
	h := scriptsBackedUp(t)
	// The kubelet is stopped while etcd's data changes, and containers that end do not come back before it starts.
	script, err := os.ReadFile(filepath.Join(h.bin, "ctr"))
	require.NoError(t, err)
	h.stub("ctr", `[[ $* == *"tasks kill"* ]] && { sed -i "/^${*: -1}$/d" "$PLATFORM_ROOT/tasks"; exit; }
`+strings.SplitN(string(script), "\n", 3)[2])
	run := h.works("init.sh", "")
	assert.Equal(t, "the state\n", h.read(scriptsMember))
	assert.Contains(t, run.calls, "--name control-plane --initial-cluster control-plane=https://172.31.15.119:2380")
	assert.Contains(t, run.calls, "--bump-revision 1000000000 --mark-compacted")
	order := []string{"restic restore latest", "systemctl stop kubelet", "tasks kill", "etcdutl snapshot restore", "systemctl start kubelet"}
	for i := 1; i < len(order); i++ {
		assert.Less(t, strings.Index(run.calls, order[i-1]), strings.Index(run.calls, order[i]), "%s before %s", order[i-1], order[i])
	}
	assert.NotContains(t, run.calls, "kubeadm reset")
	assert.Empty(t, h.read("tasks"))

	again := h.works("init.sh", "").calls
	assert.NotContains(t, again, "restic", "a backup is restored once for each text")
	assert.NotContains(t, again, "stop kubelet")
}

func TestScriptsRestoreBrokenControlPlane(t *testing.T) {
	for name, damage := range map[string]string{
		"keys that are gone": "etc/kubernetes/pki/sa.key", "a manifest that is gone": "etc/kubernetes/manifests/etcd.yaml",
		"another machine": "var/lib/platform/initialized",
	} {
		t.Run(name, func(t *testing.T) {
			h := scriptsBackedUp(t)
			require.NoError(t, os.Remove(filepath.Join(h.root, damage)))
			h.stub("kubeadm", `case "$1 $2" in
"reset --force") rm -rf "$PLATFORM_ROOT/etc/kubernetes" "$PLATFORM_ROOT/var/lib/etcd" ;;
"config images") echo registry.k8s.io/etcd:3.6.6-0 ;;
"init --config") cat "$PLATFORM_ROOT/etc/kubernetes/pki/sa.key" "$PLATFORM_ROOT/`+scriptsMember+`" >"$PLATFORM_ROOT/found"; mkdir -p "$PLATFORM_ROOT/etc/kubernetes"; echo x >"$PLATFORM_ROOT/etc/kubernetes/admin.conf" ;;
esac; exit 0`)
			run := h.works("init.sh", "")
			assert.Contains(t, run.calls, "--ignore-preflight-errors DirAvailable--var-lib-etcd")
			assert.Less(t, strings.Index(run.calls, "restic restore"), strings.Index(run.calls, "kubeadm reset"), "nothing is removed before the backup is there")
			assert.Equal(t, "sa.keythe state\n", h.read("found"), "kubeadm finds the cluster's keys and its state")
			assert.NotContains(t, h.works("init.sh", "").calls, "restic")
		})
	}
}

func TestScriptsRestoreDiagnoses(t *testing.T) {
	t.Run("nothing is touched without a backup", func(t *testing.T) {
		h := scriptsBackedUp(t)
		require.NoError(t, os.RemoveAll(filepath.Join(h.root, "repository/kept")))
		run := h.fails("init.sh", "", "the backup latest cannot be read", "the backups that there are")
		assert.NotContains(t, run.calls, "stop kubelet")
		assert.Equal(t, "a later state", h.read(scriptsMember))
	})
	t.Run("nothing is touched with half of one", func(t *testing.T) {
		h := scriptsBackedUp(t)
		require.NoError(t, os.Remove(filepath.Join(h.root, "repository/kept/taken")))
		assert.NotContains(t, h.fails("init.sh", "", "the backup latest is not whole", "choose another one").calls, "stop kubelet")
	})
}

func TestScriptsRestoreData(t *testing.T) {
	h := scriptsBackedUp(t)
	run := h.works("restore-data.sh", "")
	assert.Equal(t, "create table t\n", h.read("database"))
	assert.Contains(t, run.calls, "rollout status deployment/postgres")
	assert.Regexp(t, `^20\d\d-.*Z\n$`, run.stdout, "the time to which it goes back")
	assert.False(t, h.has(scriptsPoint), "nothing that is not encrypted stays")
	assert.NotContains(t, h.works("restore-data.sh", "").calls, "kubectl", "once for each text")

	h.env["RESTORE"] = "latest@tomorrow"
	h.stub("kubectl", `[[ $* != *" -- sh -c psql" ]] || { echo "ERROR: no such role"; exit 1; }`)
	assert.Contains(t, h.fails("restore-data.sh", "", "postgres.sql cannot be restored", "read what it says").stderr, "    ERROR: no such role")
}
