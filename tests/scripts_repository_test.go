package tests

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	scriptsDumps  = "postgres.sql\tecommerce\tdeployment/postgres\t-- complete\tpg_dumpall\tcontent\tpsql\n"
	scriptsDump   = "create table t\n-- complete\n"
	scriptsStage  = "var/lib/platform/backup/stage"
	scriptsPoint  = "var/lib/platform/backup/unpacked"
	scriptsMember = "var/lib/etcd/member/snap"
)

// scriptsRestic keeps points as directories named by their number, with the stage, or stdin, and a file with their tags.
const scriptsRestic = `repository=$RESTIC_REPOSITORY stage=$PLATFORM_ROOT/var/lib/platform/backup/stage
[[ ! -e $PLATFORM_ROOT/storage-away ]] || { echo "Fatal: unable to open config file: Stat: 403 Access Denied"; exit 1; }
case "$1" in
cat) [[ -e $repository/config ]] || { echo "Fatal: unable to open config file: stat $repository/config: no such file or directory"; exit 1; } ;;
init) mkdir -p "$repository"; touch "$repository/config" ;;
backup)
	id=$(printf '%08x' "$(($(find "$repository" -mindepth 1 -maxdepth 1 -type d | wc -l) + 1))")
	mkdir "$repository/$id"
	sed 's/.*--tag \([^ ]*\).*/\1/' <<<"$*" >"$repository/$id/tags"
	[[ $* == *--stdin* ]] && cat >"$repository/$id/stdin" || cp -a "$stage" "$repository/$id/stage"
	echo "{\"message_type\":\"summary\",\"snapshot_id\":\"$id\"}"
	[[ ! -e $PLATFORM_ROOT/half-read ]] || exit 3 ;;
tag) sed 's/.*--set \([^ ]*\).*/\1/' <<<"$*" >"$repository/${*: -1}/tags" ;;
snapshots)
	wanted=$(sed 's/.*--tag \([^ ]*\).*/\1/' <<<"$*")
	for point in "$repository"/*/; do
		[[ -e $point/tags ]] || continue
		missing=$(comm -23 <(tr ',' '\n' <<<"$wanted" | sort) <(tr ',' '\n' <"$point/tags" | sort))
		[[ -n $missing ]] || printf '{"time":"2026-11-23T05:00:00.123Z","paths":["%s"],"tags":["%s"],"short_id":"%s"},' "$stage" "$(sed 's/,/","/g' "$point/tags")" "$(basename "$point")"
	done ;;
restore)
	[[ -d $repository/$2 ]] || { echo "no snapshot found"; exit 1; }
	mkdir -p "${*: -1}$stage"; [[ ! -d $repository/$2/stage ]] || cp -a "$repository/$2/stage/." "${*: -1}$stage/" ;;
esac`

// scriptsBackups lets a control plane write backups: a repository, an image with etcd's tools, and pods whose commands print.
func scriptsBackups(h *scriptsHost) {
	scriptsComponents(h)
	h.env["WHAT"], h.env["KEEP_ALL"], h.env["KEEP_HOURLY"], h.env["KEEP_DAILY"], h.env["ACTION"] = "all", "1", "7", "90", "install"
	h.write("opt/platform/etc/dumps.tsv", scriptsDumps)
	h.write("opt/platform/etc/platform-backup@.service", "[Service]\n")
	h.write("opt/platform/etc/platform-backup-cluster.timer", "[Timer]\nOnCalendar=*:0/15\n")
	h.write("opt/platform/etc/platform-backup-data.timer", "[Timer]\nOnCalendar=hourly\n")
	h.stub("systemd-analyze", `case $2 in
hourly) echo "    Next elapse: Tue 2026-12-01 01:00:00 UTC" ;;
*) echo "    Next elapse: Tue 2026-12-01 00:15:00 UTC" ;;
esac`)
	h.write("etc/kubernetes/manifests/etcd.yaml", "    image: registry.k8s.io/etcd:3.6.6-0\n")
	for _, file := range []string{"ca.crt", "ca.key", "sa.key", "sa.pub", "front-proxy-ca.crt", "front-proxy-ca.key", "etcd/ca.crt", "etcd/ca.key"} {
		if path := "etc/kubernetes/pki/" + file; !h.has(path) {
			h.write(path, file)
		}
	}
	h.write("var/lib/platform/backup/password", "password")
	h.write("var/lib/platform/backup/repository", filepath.Join(h.root, "repository")+"\n")
	h.stub("restic", scriptsRestic)
	h.write("tools/etcdctl", "#!/bin/bash\necho \"etcdctl $*\" >>\"$CALLS\"\necho 'the state' >\"${*: -1}\"\n")
	h.write("tools/etcdutl", `#!/bin/bash
echo "etcdutl $*" >>"$CALLS"
[[ $2 == restore ]] || { echo '{"hash":1,"revision":4711,"totalKey":9,"totalSize":10}'; exit; }
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
*" get deployment/postgres "*)
	[[ ! -e $PLATFORM_ROOT/api-away ]] || { echo "The connection to the server was refused" >&2; exit 1; }
	[[ -e $PLATFORM_ROOT/no-database ]] || echo deployment.apps/postgres ;;
*" -- sh -c pg_dumpall") [[ ! -e $PLATFORM_ROOT/no-server ]] || { echo "no server" >&2; exit 1; }; cat "$PLATFORM_ROOT/dump" ;;
*" -- sh -c content") cat "$PLATFORM_ROOT/content" ;;
*" -- sh -c psql") cat >"$PLATFORM_ROOT/database" ;;
*"get nodes"*) exit 1 ;;
esac`)
	h.write("dump", scriptsDump)
	h.write("content", "empty\n")
}

// scriptsTags are the tags of each point in the order in which they were stored.
func scriptsTags(h *scriptsHost) (tags []string) {
	h.t.Helper()
	found, err := filepath.Glob(filepath.Join(h.root, "repository/*/tags"))
	require.NoError(h.t, err)
	for _, file := range found {
		text, err := os.ReadFile(file)
		require.NoError(h.t, err)
		tags = append(tags, strings.TrimSpace(string(text)))
	}
	return tags
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
