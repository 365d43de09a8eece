package tests

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const scriptsEncryption = "etc/kubernetes/pki/secrets-encryption.yaml"

// scriptsSecrets is a control plane whose etcd holds Secrets, one a line of the file etcd: its key, and the key that it is
// encrypted with or "plain". The API server writes with the first key of its file.
func scriptsSecrets(t *testing.T) *scriptsHost {
	h := scriptsControlPlane(t)
	scriptsComponents(h)
	h.write("etcd", "c2VjcmV0cy9h plain\nc2VjcmV0cy9i plain\n")
	h.stub("kubectl", `case "$*" in
*" exec etcd-control-plane "*)
	separator=; printf '{"header":{"revision":9},"kvs":['
	while read -r key name; do
		text="k8s:enc:secretbox:v1:$name:what nobody can read"
		[[ $name != plain ]] || text="k8s and then the Secret as it is, in plain"
		printf '%s{"key":"%s","version":1,"value":"%s"}' "$separator" "$key" "$(base64 --wrap 0 <<<"$text")"; separator=,
	done <"$PLATFORM_ROOT/etcd"
	echo '],"count":2}' ;;
*" replace "*)
	cat >/dev/null
	name=$(awk '$2 == "name:" { print $3; exit }' "$PLATFORM_ROOT/`+scriptsEncryption+`")
	sed -i "s/ .*/ $name/" "$PLATFORM_ROOT/etcd" ;;
*"get nodes"*) exit 1 ;;
esac`)
	return h
}

// scriptsKeys are the names and the keys in the API server's file, in its order.
func scriptsKeys(h *scriptsHost) (names, secrets []string) {
	h.t.Helper()
	for _, found := range regexp.MustCompile(`(?m)^ +- name: (.*)\n +secret: (.*)$`).FindAllStringSubmatch(h.read(scriptsEncryption), -1) {
		secret, err := base64.StdEncoding.DecodeString(found[2])
		require.NoError(h.t, err)
		assert.Len(h.t, secret, 32, "what secretbox takes")
		names, secrets = append(names, found[1]), append(secrets, found[2])
	}
	return names, secrets
}

func TestScriptsEncryptSecrets(t *testing.T) {
	h := scriptsSecrets(t)
	first := h.works("init.sh", "")
	names, secrets := scriptsKeys(h)
	require.Len(t, names, 1)
	info, err := os.Stat(filepath.Join(h.root, scriptsEncryption))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	assert.NotContains(t, first.calls, " replace ", "a new cluster has written none without the key")
	assert.NotContains(t, first.calls+first.stderr, secrets[0])
	assert.Regexp(t, `(?s)secretbox:.*- identity: \{\}\n$`, h.read(scriptsEncryption), "what was there before can be read")

	t.Run("what a cluster held in plain", func(t *testing.T) {
		run := h.works("init.sh", "")
		assert.Equal(t, "c2VjcmV0cy9h "+names[0]+"\nc2VjcmV0cy9i "+names[0]+"\n", h.read("etcd"))
		assert.NotContains(t, run.calls+run.stderr, secrets[0])
		assert.NotContains(t, h.works("init.sh", "").calls, " replace ", "once")
	})
	t.Run("another text is another key", func(t *testing.T) {
		h.env["SECRETS_KEY_ROTATION"] = "2027"
		h.works("init.sh", "")
		rotated, drawn := scriptsKeys(h)
		require.Len(t, rotated, 1, "the old key is gone")
		assert.NotEqual(t, names[0], rotated[0])
		assert.NotEqual(t, secrets[0], drawn[0])
		assert.Equal(t, "c2VjcmV0cy9h "+rotated[0]+"\nc2VjcmV0cy9i "+rotated[0]+"\n", h.read("etcd"))
	})
	t.Run("the old key stays until nothing needs it", func(t *testing.T) {
		before, kept := scriptsKeys(h)
		h.env["SECRETS_KEY_ROTATION"] = "2028"
		h.stubBefore("kubectl", `[[ $* != *" replace "* || ! -e $PLATFORM_ROOT/away ]] || { cat >/dev/null; echo "the server is away" >&2; exit 1; }`)
		h.write("away", "")
		h.fails("init.sh", "", "Secrets are not encrypted with the key", "look at the API server's log")
		during, _ := scriptsKeys(h)
		require.Len(t, during, 2)
		assert.Equal(t, before[0], during[1])

		h.env["SECRETS_KEY_ROTATION"] = "2027"
		h.works("init.sh", "")
		back, secrets := scriptsKeys(h)
		assert.Equal(t, before, back, "a text that is taken back is the key of before, with which all is written still")
		assert.Equal(t, kept, secrets)
	})
}

func TestScriptsRestoreBringsTheKeyOfSecrets(t *testing.T) {
	h := scriptsBackedUp(t)
	h.env["RESTORE"] = ""
	taken, key := scriptsKeys(h)
	h.env["SECRETS_KEY_ROTATION"] = "leaked"
	h.works("init.sh", "")
	h.env["RESTORE"] = "latest@today"
	h.stubBefore("kubectl", `[[ $* != *" exec etcd-"* ]] || cp "$PLATFORM_ROOT/`+scriptsEncryption+`" "$PLATFORM_ROOT/seen"`)
	h.works("init.sh", "")
	now, _ := scriptsKeys(h)
	assert.NotEqual(t, taken, now, "a key that was given up is given up again")
	assert.Contains(t, h.read("seen"), key[0], "the restored Secrets can be read")
}

func TestScriptsControlPlaneFollowsItsConfiguration(t *testing.T) {
	h := scriptsControlPlane(t)
	scriptsComponents(h)
	components := []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler"}
	h.stubBefore("kubeadm", `[[ $* != "init --config"* && $* != "init phase control-plane all"* ]] || for name in `+strings.Join(components, " ")+`; do
	directory=${KUBEADM_INIT_DRYRUN_DIR:-$PLATFORM_ROOT/etc/kubernetes/manifests}; mkdir -p "$directory"
	cp "$PLATFORM_ROOT/opt/platform/etc/kubeadm.yaml" "$directory/$name.yaml"; done
[[ $* != "init --config"* && $* != "init phase etcd local"* ]] || {
	directory=${KUBEADM_INIT_DRYRUN_DIR:-$PLATFORM_ROOT/etc/kubernetes/manifests}; mkdir -p "$directory"
	grep -c etcd: "$PLATFORM_ROOT/opt/platform/etc/kubeadm.yaml" >"$directory/etcd.yaml" || true; }`)
	h.write("opt/platform/etc/audit/policy-1.yaml", "one\n")
	first := h.works("init.sh", "")
	assert.Equal(t, "one\n", h.read("etc/kubernetes/audit/policy-1.yaml"))
	again := h.works("init.sh", "")
	assert.Contains(t, again.calls, "init phase control-plane all --config")
	assert.NotContains(t, first.calls+again.calls, "tasks kill", "nothing changed")

	h.write("opt/platform/etc/kubeadm.yaml", "kind: ClusterConfiguration\nanother: setting\n")
	h.write("opt/platform/etc/audit/policy-2.yaml", "two\n")
	h.remove("opt/platform/etc/audit/policy-1.yaml")
	calls := h.works("init.sh", "").calls
	for _, name := range components {
		assert.Equal(t, "kind: ClusterConfiguration\nanother: setting\n", h.read("etc/kubernetes/manifests/"+name+".yaml"))
		assert.Contains(t, calls, "tasks kill --signal SIGTERM "+name+"-0")
	}
	assert.NotContains(t, calls, "tasks kill --signal SIGTERM etcd", "its manifest is as it was")
	assert.True(t, h.has("etc/kubernetes/audit/policy-2.yaml"))
	assert.False(t, h.has("etc/kubernetes/audit/policy-1.yaml"), "nobody reads it any more")
	assert.NotContains(t, h.works("init.sh", "").calls, "tasks kill")

	h.write("opt/platform/etc/kubeadm.yaml", "kind: ClusterConfiguration\netcd: {}\n")
	assert.Contains(t, h.works("init.sh", "").calls, "tasks kill --signal SIGTERM etcd-0", "etcd follows as well")
	assert.Equal(t, "1\n", h.read("etc/kubernetes/manifests/etcd.yaml"))

	h.write("opt/platform/etc/kubeadm.yaml", "kind: ClusterConfiguration\na: third\netcd: {}\n")
	h.stub("ctr", "")
	h.fails("init.sh", "", "kube-apiserver does not start with its new settings", "look at journalctl -u kubelet")
}
