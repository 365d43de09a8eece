package tests

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestScriptsOSUpdate(t *testing.T) {
	host := func() *scriptsHost {
		h := newScriptsHost(t, map[string]string{"OS_UPDATE": "2026-11"})
		for _, name := range []string{"dpkg", "apt-get", "systemctl", "systemd-run"} {
			h.stub(name, "")
		}
		return h
	}
	const restart = "systemd-run --quiet --collect --on-active=5 systemctl reboot"
	h := host()
	inOrder(t, h.works("os-update.sh", "").calls, "dpkg --configure -a", "update", "full-upgrade", "systemctl stop ssh.socket ssh.service",
		"--on-active=300 systemctl start ssh.service", restart)

	t.Run("a run that broke off before the machine ended starts it again, and updates nothing", func(t *testing.T) {
		calls := h.works("os-update.sh", "").calls
		assert.NotContains(t, calls, "full-upgrade")
		assert.Contains(t, calls, restart)
	})
	t.Run("once it has started nothing is left to do", func(t *testing.T) {
		h.remove("run/platform-os-update")
		run := h.works("os-update.sh", "")
		assert.NotContains(t, run.calls, "apt-get")
		assert.NotContains(t, run.calls, "reboot")
		assert.Contains(t, run.stderr, "this node has started with the packages of 2026-11")
	})
	t.Run("packages that cannot be updated leave the machine as it is", func(t *testing.T) {
		h := host()
		h.stub("apt-get", `[[ $* != *full-upgrade* ]] || { echo "E: unmet dependencies"; exit 100; }`)
		run := h.fails("os-update.sh", "", "the packages of this node cannot be updated", "read what apt says")
		assert.Contains(t, run.stderr, "unmet dependencies")
		assert.NotContains(t, run.calls, "reboot")
		h.stub("apt-get", "")
		assert.Contains(t, h.works("os-update.sh", "").calls, restart, "another run goes on")
	})
}

func TestScriptsClearForAnUpdate(t *testing.T) {
	h := scriptsNode(t)
	h.env["MACHINE_TYPE"], h.env["OS_UPDATE"] = "", "2026-11"
	h.write("type", "") // the stub tells every mark from here
	inOrder(t, h.works("clear.sh", "").calls, "annotations.ecommerce-platform/os-update", "cordon worker-node-1", "drain worker-node-1")
	h.fails("member.sh", "", "Calico's agent does not run again on worker-node-1 after 10 minutes", "see whether the machine runs")
	h.write("agent", "containerd://two true")
	inOrder(t, h.works("member.sh", "").calls, "uncordon worker-node-1", "os-update=2026-11")
	h.write("type", "2026-11")
	assert.NotContains(t, h.works("clear.sh", "").calls, "drain", "it has been updated")

	t.Run("silence of the API server, also of the control plane", func(*testing.T) {
		h.write("silent", "")
		h.env["NODE_NAME"] = "control-plane"
		h.fails("clear.sh", "", "the API server does not tell about control-plane, so its machine stays as it is", "look at its log")
	})
}
