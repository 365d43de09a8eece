package tests

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestScriptsTaintsThatAreNotDeclaredAnyMoreGo(t *testing.T) {
	h := newScriptsHost(t, map[string]string{"NODE_NAME": "worker-node-1", "NODE_IP": "172.31.2.239", "TAINTS": "tier:NoSchedule"})
	h.stub("kubectl", `case "$*" in
*InternalIP*) echo 172.31.2.239 ;;
*ecommerce-platform/changing*) ;;
*annotations*) echo "tier:NoSchedule example.com/slow:PreferNoSchedule example.com/gone:NoExecute" ;;
*spec.taints*) echo "tier:NoSchedule example.com/slow:PreferNoSchedule node.kubernetes.io/unschedulable:NoSchedule " ;;
esac`)
	calls := h.works("member.sh", "").calls
	assert.Contains(t, calls, "taint node worker-node-1 example.com/slow:PreferNoSchedule-")
	assert.Equal(t, 1, strings.Count(calls, "taint node"), "what is declared, what is gone and what a controller put there stays: %s", calls)
}

func TestScriptsDrain(t *testing.T) {
	h := newScriptsHost(t, map[string]string{"NODE_NAME": "worker-node-1"})
	assert.Contains(t, h.works("drain.sh", "").stderr, "this machine holds no cluster that worker-node-1 could leave", "another machine has taken the control plane's place")

	for _, trace := range []string{"var/lib/etcd/member/snap", "var/lib/platform/initialized", "etc/kubernetes/admin.conf"} {
		h.write(trace, "conf")
		h.stub("kubectl", "echo connection refused; exit 1")
		calls := h.fails("drain.sh", "", "the API server has not answered for 2 minutes, so worker-node-1 stays as it is: connection refused", "bring it back").calls
		assert.NotContains(t, calls, " delete ", "a cluster that is silent is not gone")
	}

	t.Run("unless somebody gives the worker up", func(t *testing.T) {
		h.write("var/lib/platform/give-up-worker-node-1", "")
		assert.Contains(t, h.works("drain.sh", "").stderr, "worker-node-1 is given up, as somebody said")
		h.fails("drain.sh", "", "the API server has not answered", "bring it back")
	})

	h.stub("kubectl", `[[ $* == *"get node "* ]] && echo worker-node-1=True; exit 0`)
	calls := h.works("drain.sh", "").calls
	drain, gone, freed := strings.Index(calls, " drain worker-node-1"), strings.Index(calls, " delete node worker-node-1"), strings.Index(calls, " get blockaffinities")
	assert.True(t, 0 <= drain && drain < gone && gone < freed, calls)
	assert.NotContains(t, calls, " delete pods", "they were moved")

	t.Run("a dead node's pods are given up", func(t *testing.T) {
		h.stub("kubectl", `[[ $* == *"get node "* ]] && echo worker-node-1=Unknown; exit 0`)
		calls := h.works("drain.sh", "").calls
		assert.NotContains(t, calls, " drain worker-node-1", "nothing on a dead node ends")
		pods, gone := strings.Index(calls, " delete pods --all-namespaces --field-selector spec.nodeName=worker-node-1 --force"), strings.Index(calls, " delete node worker-node-1")
		assert.True(t, 0 <= pods && pods < gone, calls)
	})
	t.Run("of one whose kubelet speaks, what can be moved is", func(t *testing.T) {
		h.stub("kubectl", `[[ $* == *"get node "* ]] && echo worker-node-1=False; exit 0`)
		inOrder(t, h.works("drain.sh", "").calls, " drain worker-node-1", " delete pods --all-namespaces --field-selector spec.nodeName=worker-node-1 --force", " delete node worker-node-1")
	})
	t.Run("a kubelet that was silent for a while is waited for", func(t *testing.T) {
		late := newScriptsHost(t, map[string]string{"NODE_NAME": "worker-node-1", "PLATFORM_WAIT": "5"})
		late.write("etc/kubernetes/admin.conf", "conf")
		late.stub("kubectl", `[[ $* == *"get node "* ]] || exit 0
[[ -e $PLATFORM_ROOT/asked ]] && echo worker-node-1=True || { touch "$PLATFORM_ROOT/asked"; echo worker-node-1=Unknown; }`)
		calls := late.works("drain.sh", "").calls
		assert.Contains(t, calls, " drain worker-node-1")
		assert.NotContains(t, calls, " delete pods")
	})
	t.Run("so are those of a node that dies while it is drained", func(t *testing.T) {
		h.stub("kubectl", `case "$*" in
*"get node "*) if [[ -e $PLATFORM_ROOT/dead ]]; then echo worker-node-1=Unknown; else echo worker-node-1=True; fi ;;
*" drain "*) touch "$PLATFORM_ROOT/dead"; echo "global timeout reached"; exit 1 ;;
esac`)
		calls := h.works("drain.sh", "").calls
		drain, pods, gone := strings.Index(calls, " drain worker-node-1"), strings.Index(calls, " delete pods"), strings.Index(calls, " delete node worker-node-1")
		assert.True(t, 0 <= drain && drain < pods && pods < gone, calls)
		assert.NotContains(t, calls, "uncordon")
	})
	t.Run("a node that has left is not deleted again", func(t *testing.T) {
		h.stub("kubectl", "")
		calls := h.works("drain.sh", "").calls
		assert.NotContains(t, calls, " delete node")
		assert.Contains(t, calls, " get blockaffinities", "an earlier run may have failed before they were free")
	})
	t.Run("pods that nobody else takes keep the node", func(t *testing.T) {
		h.stub("kubectl", `case "$*" in *"get node "*) echo worker-node-1=True ;; *" drain "*) echo "cannot evict pod backend-1"; exit 1 ;; esac`)
		run := h.fails("drain.sh", "", "pods on worker-node-1 cannot be moved elsewhere", "give another node the labels they need")
		assert.Contains(t, run.stderr, "cannot evict pod backend-1")
		assert.Contains(t, run.calls, "uncordon worker-node-1")
		assert.NotContains(t, run.calls, " delete node")
	})
	t.Run("an API server that stops answering is no sign of a node that has left", func(t *testing.T) {
		h.stub("kubectl", `[[ $* == *"get node "* ]] && { echo connection refused; exit 1; }; exit 0`)
		calls := h.fails("drain.sh", "", "the API server does not tell about worker-node-1: connection refused", "look at its log").calls
		assert.NotContains(t, calls, " delete ")
	})
	t.Run("addresses that nobody frees are told with what their controller says", func(t *testing.T) {
		h.stub("kubectl", `case "$*" in *"get node "*) ;; *blockaffinities*) echo 192.168.19.128/26 ;; *" logs "*) echo "IPs still in use" ;; esac`)
		run := h.fails("drain.sh", "", "the address block 192.168.19.128/26 still belongs to worker-node-1 after 3 minutes", "Calico's controllers, above, free it")
		assert.Contains(t, run.stderr, "    IPs still in use")
	})
}
