package tests

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// scriptsNode is a control plane whose stub of kubectl keeps what there is to know of the Node worker-node-1: its
// annotations, whether it is closed and ready, and the container of Calico's agent.
func scriptsNode(t *testing.T) *scriptsHost {
	h := newScriptsHost(t, map[string]string{
		"NODE_NAME": "worker-node-1", "NODE_IP": "172.31.2.239", "MACHINE_TYPE": "t3.large", "CONTROL_PLANE": "control-plane", "TAINTS": "",
	})
	h.write("etc/kubernetes/admin.conf", "server: https://172.31.15.119:6443\n")
	for name, value := range map[string]string{
		"node": "worker-node-1", "type": "t3.medium", "changing": "", "closed": "", "ready": "True", "agent": "containerd://one true",
	} {
		h.write(name, value)
	}
	h.stub("kubectl", `[[ ! -e $PLATFORM_ROOT/silent ]] || { echo "connection refused" >&2; exit 1; }
cd "$PLATFORM_ROOT"
case "$*" in
*"{.metadata.name}="*) [[ ! -s node ]] || printf '%s=%s=%s' "$(<node)" "$(<type)" "$(<ready)" ;;
*"{.metadata.annotations.ecommerce-platform/changing}"*) cat changing ;;
*"{.spec.unschedulable}"*) cat closed ;;
*containerStatuses*) cat agent ;;
*InternalIP*) echo 172.31.2.239 ;;
*" cordon "*) printf true >closed ;;
*" uncordon "*) : >closed ;;
*"/changing="*) printf %s "${@: -1}" | cut -d = -f 2- >changing ;;
*"/changing-"*) : >changing ;;
*"/machine-type="*) printf %s "${@: -1}" | cut -d = -f 2- >type ;;
esac`)
	return h
}

func TestScriptsClear(t *testing.T) {
	h := scriptsNode(t)
	inOrder(t, h.works("clear.sh", "").calls, "annotate node worker-node-1 --overwrite ecommerce-platform/changing=false containerd://one",
		"cordon worker-node-1", "drain worker-node-1")
	h.works("clear.sh", "")
	assert.Equal(t, "false containerd://one\n", h.read("changing"), "a run that goes on takes the closed node for no person's doing")

	t.Run("a change that was taken back opens the node again", func(t *testing.T) {
		h.env["MACHINE_TYPE"] = "t3.medium"
		assert.NotContains(t, h.works("clear.sh", "").calls, "drain")
		assert.Empty(t, h.read("closed"))
		assert.Empty(t, h.read("changing"))
	})
	t.Run("a node that a person closed stays closed", func(t *testing.T) {
		h := scriptsNode(t)
		h.write("closed", "true")
		h.works("clear.sh", "")
		h.write("agent", "containerd://two true")
		h.works("member.sh", "")
		assert.Equal(t, "true", h.read("closed"))
		assert.Empty(t, h.read("changing"))
	})
	t.Run("pods that cannot move keep the machine as it is", func(t *testing.T) {
		h := scriptsNode(t)
		kubectl := strings.TrimPrefix(h.read("../bin/kubectl"), "#!/bin/bash\n")
		h.stub("kubectl", `[[ $* != *" drain "* ]] || { echo "error when evicting pods/backend-1"; exit 1; }
`+kubectl)
		run := h.fails("clear.sh", "", "pods on worker-node-1 cannot be moved elsewhere within 10 minutes, so its machine stays as it is", "give another node the labels")
		assert.Contains(t, run.stderr, "backend-1")
		assert.Empty(t, h.read("closed"))
	})
	for name, c := range map[string]struct {
		file, value, says string
	}{
		"no such node":     {"node", "", "the cluster has no node worker-node-1 yet"},
		"a node not seen":  {"type", "", "has not been seen on a machine yet"},
		"a node not ready": {"ready", "Unknown", "is not ready, so nothing can be moved away"},
	} {
		t.Run(name, func(t *testing.T) {
			h := scriptsNode(t)
			h.write(c.file, c.value)
			run := h.works("clear.sh", "")
			assert.Contains(t, run.stderr, c.says)
			assert.NotContains(t, run.calls, "drain")
		})
	}
	t.Run("silence of the API server", func(t *testing.T) {
		h := scriptsNode(t)
		h.write("silent", "")
		h.fails("clear.sh", "", "the API server does not tell about worker-node-1, so its machine stays as it is: connection refused", "look at its log")
		h.env["NODE_NAME"] = "control-plane"
		assert.Contains(t, h.works("clear.sh", "").stderr, "nothing can be moved away from control-plane", "its machine may be what is wrong with it")
	})
	t.Run("no cluster", func(t *testing.T) {
		h := scriptsNode(t)
		h.remove("etc/kubernetes/admin.conf")
		assert.Contains(t, h.works("clear.sh", "").stderr, "there is no cluster yet")
	})
}

func TestScriptsMemberAfterItsMachineChanged(t *testing.T) {
	h := scriptsNode(t)
	h.works("clear.sh", "")
	h.fails("member.sh", "", "Calico's agent does not run again on worker-node-1 after 10 minutes: containerd://one true", "see whether the machine runs")
	assert.Equal(t, "true", h.read("closed"), "ready is what the API server says of the machine before, too")
	assert.Equal(t, "t3.medium", h.read("type"))

	h.write("agent", "containerd://two false")
	h.fails("member.sh", "", "Calico's agent does not run again", "see whether")
	h.write("agent", "containerd://two true")
	inOrder(t, h.works("member.sh", "").calls, "uncordon worker-node-1", "changing-", "machine-type=t3.large")
	assert.Empty(t, h.read("closed"))
	assert.NotContains(t, h.works("clear.sh", "").calls, "drain", "it has its machine")
}
