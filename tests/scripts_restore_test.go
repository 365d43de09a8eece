package tests

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
	order := []string{"restic restore 00000001", "systemctl stop kubelet", "tasks kill", "etcdutl snapshot restore", "systemctl start kubelet"}
	for i := 1; i < len(order); i++ {
		assert.Less(t, strings.Index(run.calls, order[i-1]), strings.Index(run.calls, order[i]), "%s before %s", order[i-1], order[i])
	}
	assert.NotContains(t, run.calls, "kubeadm reset")
	assert.Empty(t, h.read("tasks"))
	assert.False(t, h.has(scriptsPoint), "nothing that is not encrypted stays")

	again := h.works("init.sh", "").calls
	assert.NotContains(t, again, "restic", "a point is restored once for each text")
	assert.NotContains(t, again, "stop kubelet")
}

// scriptsResets lets kubeadm take a control plane away and make one of what it finds.
func scriptsResets(h *scriptsHost) {
	h.stub("kubeadm", `case "$1 $2" in
"reset --force") rm -rf "$PLATFORM_ROOT/etc/kubernetes" "$PLATFORM_ROOT/var/lib/etcd" ;;
"config images") echo registry.k8s.io/etcd:3.6.6-0 ;;
"init --config")
	cat "$PLATFORM_ROOT/etc/kubernetes/pki/sa.key" "$PLATFORM_ROOT/`+scriptsMember+`" >"$PLATFORM_ROOT/found" || true
	mkdir -p "$PLATFORM_ROOT/etc/kubernetes"; echo x >"$PLATFORM_ROOT/etc/kubernetes/admin.conf" ;;
esac; exit 0`)
}

func TestScriptsRestoreBrokenControlPlane(t *testing.T) {
	for name, damage := range map[string]string{
		"keys that are gone": "etc/kubernetes/pki/sa.key", "a manifest that is gone": "etc/kubernetes/manifests/etcd.yaml",
		"another machine": "var/lib/platform/initialized",
	} {
		t.Run(name, func(t *testing.T) {
			h := scriptsBackedUp(t)
			h.remove(damage)
			scriptsResets(h)
			run := h.works("init.sh", "")
			assert.Contains(t, run.calls, "--ignore-preflight-errors DirAvailable--var-lib-etcd")
			assert.Less(t, strings.Index(run.calls, "restic restore"), strings.Index(run.calls, "kubeadm reset"), "nothing is removed before the point is there")
			assert.Equal(t, "sa.keythe state\n", h.read("found"), "kubeadm finds the cluster's keys and its state")
			assert.NotContains(t, h.works("init.sh", "").calls, "restic")
		})
	}
}

// scriptsReplace makes another machine of the control plane, which reaches the same repository.
func scriptsReplace(h *scriptsHost) {
	h.t.Helper()
	for _, gone := range []string{"var/lib", "etc/kubernetes"} {
		require.NoError(h.t, os.RemoveAll(filepath.Join(h.root, gone)))
	}
	h.write("var/lib/kubelet/config.yaml", "a: b\n")
	h.write("var/lib/platform/backup/password", "password")
	h.write("var/lib/platform/backup/repository", filepath.Join(h.root, "repository")+"\n")
	scriptsResets(h)
}

func TestScriptsReplacedControlPlaneStartsFromTheNewestPoint(t *testing.T) {
	for name, restore := range map[string]string{"no restore is armed": "", "a restore is armed that was done": "latest@today", "a point is named that was restored": "00000001@x"} {
		t.Run(name, func(t *testing.T) {
			h := scriptsBackedUp(t)
			h.env["RESTORE"] = restore
			h.stub("systemctl", `[[ $* != "stop kubelet" ]] || : >"$PLATFORM_ROOT/tasks"`)
			h.works("init.sh", "")
			h.write("tools/etcdctl", "#!/bin/bash\necho 'the newest state' >\"${*: -1}\"\n")
			require.NoError(t, os.RemoveAll(filepath.Join(h.root, "var/lib/platform/backup/tools")))
			h.works("backup.sh", "")
			scriptsReplace(h)
			h.env["KNOWN"] = "yes"
			h.works("init.sh", "")
			assert.Equal(t, "sa.keythe newest state\n", h.read("found"))
			if restore == "latest@today" {
				assert.Contains(t, h.works("restore-data.sh", "").stderr, "restoring postgres.sql", "the cluster and its data are restored one by one")
			}
		})
	}
	t.Run("a platform that is new begins anew", func(t *testing.T) {
		h := scriptsBackedUp(t)
		scriptsReplace(h)
		h.env["RESTORE"], h.env["KNOWN"] = "", ""
		assert.NotContains(t, h.works("init.sh", "").calls, "restic")
	})
	t.Run("where there is no point it says so", func(t *testing.T) {
		h := scriptsBackedUp(t)
		require.NoError(t, os.RemoveAll(filepath.Join(h.root, "repository")))
		scriptsReplace(h)
		h.env["RESTORE"], h.env["KNOWN"] = "", "yes"
		assert.Contains(t, h.works("init.sh", "").stderr, "holds this cluster, which begins anew")
	})
	t.Run("where the storage does not answer it waits, then fails", func(t *testing.T) {
		h := scriptsBackedUp(t)
		scriptsReplace(h)
		h.env["RESTORE"], h.env["KNOWN"] = "", "yes"
		h.write("storage-away", "")
		assert.NotContains(t, h.fails("init.sh", "", "the repository", "see whether the node may read").calls, "kubeadm init")
	})
}

func TestScriptsRestoreDiagnoses(t *testing.T) {
	for name, c := range map[string]struct {
		spoil        func(*scriptsHost)
		what, remedy string
	}{
		"no point holds etcd":  {func(h *scriptsHost) { require.NoError(h.t, os.RemoveAll(filepath.Join(h.root, "repository/00000001"))) }, "no point in", "see the output backups; restore what there is"},
		"a point that is none": {func(h *scriptsHost) { h.env["RESTORE"] = "4f2a1b3c" }, "the point 4f2a1b3c cannot be read", "the points that there are"},
		"half a point":         {func(h *scriptsHost) { h.remove("repository/00000001/stage/taken") }, "the point 00000001 is not whole", "choose another one"},
		"a point of the data":  {func(h *scriptsHost) { h.env["RESTORE"] = "00000002" }, "the point 00000002 does not hold etcd", "choose one that does"},
	} {
		t.Run(name, func(t *testing.T) {
			h := scriptsBackedUp(t)
			c.spoil(h)
			assert.NotContains(t, h.fails("init.sh", "", c.what, c.remedy).calls, "stop kubelet", "nothing is touched")
			assert.Equal(t, "a later state", h.read(scriptsMember))
		})
	}
}

func TestScriptsRestoreData(t *testing.T) {
	h := scriptsBackedUp(t)
	run := h.works("restore-data.sh", "")
	assert.Equal(t, scriptsDump, h.read("database"))
	assert.Contains(t, run.calls, "rollout status deployment/postgres")
	assert.Regexp(t, `^postgres.sql as it was at 20\d\d-.*Z\n$`, run.stdout, "the time to which it goes back")
	assert.False(t, h.has(scriptsPoint), "nothing that is not encrypted stays")
	assert.NotContains(t, h.works("restore-data.sh", "").calls, "kubectl", "once for each text")

	t.Run("on another machine neither", func(t *testing.T) {
		scriptsReplace(h)
		h.write("database", "newer")
		assert.Contains(t, h.works("restore-data.sh", "").stderr, "latest@today is restored already; what is there is left alone")
		assert.Equal(t, "newer", h.read("database"))
	})
	t.Run("rows that are there stay unless the text says so", func(t *testing.T) {
		h.write("content", "rows\n")
		h.env["RESTORE"] = "latest@tomorrow"
		h.fails("restore-data.sh", "", "deployment/postgres in ecommerce holds rows, which may be newer than the postgres.sql of 20",
			"back them up with backup.run; then set backup.restore.data to overwrite:latest@tomorrow to replace them")
		assert.Equal(t, "newer", h.read("database"))
		h.env["RESTORE"] = "overwrite:latest@tomorrow"
		h.works("restore-data.sh", "")
		assert.Equal(t, scriptsDump, h.read("database"))
	})
}

func TestScriptsRestoreDataDiagnoses(t *testing.T) {
	for name, c := range map[string]struct {
		spoil        func(*scriptsHost)
		what, remedy string
	}{
		"the database does not tell what it holds": {func(h *scriptsHost) { h.write("content", "no answer\n") }, "whether deployment/postgres in ecommerce holds anything is not known: no answer", "see whether it runs"},
		"a dump that is cut off":                   {func(h *scriptsHost) { h.write("repository/00000002/stage/dumps/postgres.sql", "create table t\n") }, "the postgres.sql of 20", "choose another point"},
		"a point of the cluster":                   {func(h *scriptsHost) { h.env["RESTORE"] = "00000001" }, "the point 00000001 holds no data", "choose one that does"},
		"a dump that no point holds": {
			func(h *scriptsHost) {
				h.write("opt/platform/etc/dumps.tsv", scriptsDumps+strings.ReplaceAll(scriptsDumps, "postgres", "orders"))
			},
			"no point in", "see the output backups; restore what there is",
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := scriptsBackedUp(t)
			c.spoil(h)
			h.fails("restore-data.sh", "", c.what, c.remedy)
			assert.False(t, h.has("database"), "nothing is touched")
		})
	}
	t.Run("what the database says is shown", func(t *testing.T) {
		h := scriptsBackedUp(t)
		script, err := os.ReadFile(filepath.Join(h.bin, "kubectl"))
		require.NoError(t, err)
		h.stub("kubectl", `[[ $* != *" -- sh -c psql" ]] || { echo "ERROR: no such role"; exit 1; }
`+strings.SplitN(string(script), "\n", 3)[2])
		assert.Contains(t, h.fails("restore-data.sh", "", "postgres.sql cannot be restored", "read what it says").stderr, "    ERROR: no such role")
	})
}
