package tests

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// scriptsOlder makes a host a member of a cluster of version 1.34.90. The stubs of apt-get, kubeadm and systemctl change
// what those of dpkg-query and kubectl then tell: each package has a file with its version below packages/, and
// api and kubelet are what runs.
func scriptsOlder(h *scriptsHost) *scriptsHost {
	for _, name := range []string{"packages/kubelet", "packages/kubeadm", "packages/kubectl", "api", "kubelet"} {
		h.write(name, "1.34.90")
	}
	h.write("packages/containerd.io", "2.1.90")
	h.write("runtime", "2.1.90")
	h.write("opt/platform/etc/containerd.toml", "version = 3\n    sandbox = \"registry.k8s.io/pause:3.10.90\"\n")
	h.stub("ctr", "")
	h.stub("containerd", `echo "SystemdCgroup = true /opt/cni/bin /etc/containerd/certs.d registry.k8s.io/pause:3.10.90"`)
	h.write("unschedulable", "")
	h.write("annotation", "")
	h.stub("apt-mark", "")
	h.stub("dpkg", "")
	h.stub("dpkg-query", `package=${@: -1} file=$PLATFORM_ROOT/packages/${@: -1}
[[ $* == *Version* ]] || { echo installed; exit 0; }
[[ $* == *Status* ]] && printf 'installed '
printf '%s-1.1\n' "$(<"$file")"`)
	h.stub("apt-get", `[[ $* == *" install "* && $* != *--download-only* ]] || exit 0
for word; do [[ $word != *=*-\* ]] || { version=${word#*=}; printf %s "${version%-*}" >"$PLATFORM_ROOT/packages/${word%%=*}"; }; done; exit 0`)
	h.stub("systemctl", `[[ $* == "restart kubelet" ]] && cp "$PLATFORM_ROOT/packages/kubelet" "$PLATFORM_ROOT/kubelet"
[[ $* == "restart containerd" ]] && cp "$PLATFORM_ROOT/packages/containerd.io" "$PLATFORM_ROOT/runtime"; exit 0`)
	h.stub("kubectl", `case "$*" in
*"get --raw /version"*) printf '  "gitVersion": "v%s",\n' "$(<"$PLATFORM_ROOT/api")" ;;
*"get nodes"*) printf 'control-plane v%s\nworker-node-1 v%s\n' "$(<"$PLATFORM_ROOT/kubelet")" "${WORKER:-1.34.90}" ;;
*"{.spec.unschedulable}"*) cat "$PLATFORM_ROOT/unschedulable" ;;
*"{.metadata.annotations."*) cat "$PLATFORM_ROOT/annotation" ;;
*kubeletVersion}*Ready*) printf 'v%s True' "$(<"$PLATFORM_ROOT/kubelet")" ;;
*kubeletVersion}*) printf 'v%s containerd://v%s' "$(<"$PLATFORM_ROOT/kubelet")" "$(<"$PLATFORM_ROOT/runtime")" ;;
*" drain "*) printf true >"$PLATFORM_ROOT/unschedulable" ;;
*" uncordon "*) : >"$PLATFORM_ROOT/unschedulable" ;;
*"/upgrading="*) printf 1.35.90 >"$PLATFORM_ROOT/annotation" ;;
*"/upgrading-"*) : >"$PLATFORM_ROOT/annotation" ;;
esac`)
	return h
}

// scriptsRunning is a control plane of version 1.34.90 that is to be 1.35.90.
func scriptsRunning(t *testing.T) *scriptsHost {
	h := scriptsOlder(scriptsControlPlane(t))
	scriptsMakeAuthority(h)
	h.write("var/lib/platform/initialized", "controlPlane 172.31.15.119:6443\npodCidr 192.168.0.0/16\nserviceCidr 10.96.0.0/12\n")
	for _, name := range []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"} {
		h.write("etc/kubernetes/manifests/"+name+".yaml", "kind: Pod\n")
	}
	h.stub("kubeadm", `[[ $* == "upgrade apply"* ]] && printf %s "$KUBERNETES_VERSION" >"$PLATFORM_ROOT/api"; exit 0`)
	return h
}

// inOrder asserts that calls were made, each after the one before.
func inOrder(t *testing.T, calls string, wanted ...string) {
	t.Helper()
	rest := calls
	for _, call := range wanted {
		at := strings.Index(rest, call)
		if !assert.GreaterOrEqual(t, at, 0, "%q is not called at its place:\n%s", call, calls) {
			return
		}
		rest = rest[at+len(call):]
	}
}

func TestScriptsUpgradeOfTheControlPlane(t *testing.T) {
	whole := []string{
		"kubeadm=1.35.90-*", "kubeadm config images pull", "kubeadm upgrade apply v1.35.90 --yes --patches ", "/opt/platform/etc/patches --ignore-preflight-errors Swap",
		"annotate node control-plane", "drain control-plane", "containerd.io=2.2.90-*", "systemctl restart containerd", "kubelet=1.35.90-* kubectl=1.35.90-*", "systemctl daemon-reload",
		"systemctl restart kubelet", "uncordon control-plane", "init phase upload-config all",
	}
	h := scriptsRunning(t)
	inOrder(t, h.works("init.sh", "").calls, whole...)
	assert.False(t, h.has("var/lib/platform/upgrading"))
	again := h.works("init.sh", "").calls
	assert.NotContains(t, again, "upgrade apply", "an upgrade is made once")
	assert.NotContains(t, again, "drain")

	t.Run("the node is opened although the API server, started anew, refuses at first", func(t *testing.T) {
		h := scriptsRunning(t)
		h.env["PLATFORM_WAIT"] = "5"
		kubectl := h.read("../bin/kubectl")
		h.stub("kubectl", `if [[ $* == *" uncordon "* && ! -e $PLATFORM_ROOT/refused ]]; then touch "$PLATFORM_ROOT/refused"; echo Forbidden >&2; exit 1; fi
`+strings.TrimPrefix(kubectl, "#!/bin/bash\n"))
		run := h.works("init.sh", "")
		inOrder(t, run.calls, "uncordon control-plane", "uncordon control-plane", "annotate node control-plane ecommerce-platform/upgrading-")
		assert.Empty(t, h.read("unschedulable"))
	})
	t.Run("one that was killed goes on", func(t *testing.T) {
		for name, at := range map[string]string{"in kubeadm": "kubeadm", "in the drain": "kubectl", "before the kubelet starts": "systemctl"} {
			t.Run(name, func(t *testing.T) {
				h := scriptsRunning(t)
				working := map[string]string{
					"kubeadm":   `[[ $* == "upgrade apply"* ]] && kill -KILL $PPID`,
					"kubectl":   `[[ $* == *" drain "* ]] && kill -KILL $PPID; [[ $* == *"/version" ]] && echo '"gitVersion": "v1.34.90"'; [[ $* == *"get nodes"* ]] && echo "control-plane v1.34.90"; exit 0`,
					"systemctl": `[[ $* == "restart kubelet" ]] && kill -KILL $PPID; exit 0`,
				}
				fresh := scriptsRunning(t)
				h.stub(at, working[at])
				assert.True(t, h.run("init.sh", "").failed)
				assert.True(t, h.has("var/lib/platform/upgrading"))
				h.copyStub(fresh, at)
				h.works("init.sh", "")
				assert.Equal(t, "1.35.90", h.read("kubelet"))
				assert.Equal(t, "1.35.90", h.read("api"))
				assert.Empty(t, h.read("unschedulable"))
				assert.False(t, h.has("var/lib/platform/upgrading"))
			})
		}
	})
	t.Run("one that was killed while a manifest was away gets it back", func(t *testing.T) {
		h := scriptsRunning(t)
		h.write("var/lib/platform/upgrading", "1.35.90\n")
		h.write("etc/kubernetes/tmp/kubeadm-backup-manifests-2026-11-22-10-00-00/etcd.yaml", "older\n")
		h.write("etc/kubernetes/tmp/kubeadm-backup-manifests-2026-11-23-10-00-00/etcd.yaml", "newer\n")
		h.write("etc/kubernetes/tmp/kubeadm-backup-manifests-2026-11-23-10-00-00/kube-apiserver.yaml", "old\n")
		h.remove("etc/kubernetes/manifests/etcd.yaml")
		h.works("init.sh", "")
		assert.Equal(t, "newer\n", h.read("etc/kubernetes/manifests/etcd.yaml"))
		assert.Equal(t, "kind: Pod\n", h.read("etc/kubernetes/manifests/kube-apiserver.yaml"), "one that is there stays")
	})
	t.Run("a cluster that does not run pods yet is tried again", func(t *testing.T) {
		h := scriptsRunning(t)
		h.env["PLATFORM_WAIT"] = "60"
		h.stub("kubeadm", `[[ $* != "upgrade apply"* ]] && exit 0
[[ -e $PLATFORM_ROOT/tried ]] || { touch "$PLATFORM_ROOT/tried"; echo "Job did not complete"; exit 1; }
printf %s "$KUBERNETES_VERSION" >"$PLATFORM_ROOT/api"`)
		assert.Equal(t, 2, strings.Count(h.works("init.sh", "").calls, "kubeadm upgrade apply"))
	})
	t.Run("an upgrade that fails says why", func(t *testing.T) {
		h := scriptsRunning(t)
		h.stub("kubeadm", `[[ $* != "upgrade apply"* ]] || { echo "static pod did not come up"; exit 1; }`)
		run := h.fails("init.sh", "", "kubeadm upgrade apply failed", "read what it says")
		assert.Contains(t, run.stderr, "    static pod did not come up")
		assert.NotContains(t, run.calls, "drain")
	})
	t.Run("a node that a person had closed stays closed", func(t *testing.T) {
		h := scriptsRunning(t)
		h.write("unschedulable", "true")
		assert.NotContains(t, h.works("init.sh", "").calls, "uncordon")
	})
	for name, c := range map[string]struct {
		spoil        func(*scriptsHost)
		what, remedy string
	}{
		"a minor skipped": {func(h *scriptsHost) { h.env["KUBERNETES_VERSION"] = "1.36.3" },
			`kubernetesVersion "1.36.3": skips a minor version, the cluster runs 1.34.90`, "go to a version 1.35 first"},
		"a minor back": {func(h *scriptsHost) { h.env["KUBERNETES_VERSION"] = "1.33.9" },
			`kubernetesVersion "1.33.9": cannot go back, the cluster runs 1.34.90`, "set it to 1.34.90 or a later version"},
		"a patch back": {func(h *scriptsHost) { h.env["KUBERNETES_VERSION"] = "1.34.3" },
			`kubernetesVersion "1.34.3": cannot go back, the cluster runs 1.34.90`, "set it to 1.34.90 or a later version"},
		"a worker left behind": {func(h *scriptsHost) { h.env["WORKER"] = "1.33.2" },
			`kubernetesVersion "1.35.90": skips a minor version, worker-node-1 runs 1.33.2`, "go to a version 1.34 first"},
	} {
		t.Run(name+" is refused before anything changes", func(t *testing.T) {
			h := scriptsRunning(t)
			c.spoil(h)
			calls := h.fails("init.sh", "", c.what, c.remedy).calls
			assert.NotContains(t, calls, "apt-get")
			assert.NotContains(t, calls, "\nkubeadm ")
			assert.False(t, h.has("var/lib/platform/upgrading"))
		})
	}
	t.Run("pods that cannot move open the node again", func(t *testing.T) {
		h := scriptsRunning(t)
		h.write("annotation", "1.35.90")
		h.stub("kubectl", `case "$*" in
*/version) echo '"gitVersion": "v1.34.90"' ;;
*annotations.*) echo 1.35.90 ;;
*" drain "*) echo "Cannot evict pod frontend-1"; exit 1 ;;
esac`)
		run := h.fails("init.sh", "", "pods on control-plane cannot be moved elsewhere within 10 minutes", "give another node the labels")
		assert.Contains(t, run.stderr, "Cannot evict pod frontend-1")
		assert.Contains(t, run.calls, "uncordon control-plane")
		assert.NotContains(t, run.calls, "systemctl restart")
	})
}

func TestScriptsUpgradeOfAWorker(t *testing.T) {
	h := scriptsOlder(scriptsWorker(t))
	h.env["IGNORE"] = ""
	assert.NotContains(t, h.works("join.sh", scriptsDiscovery("one")).calls, "phase kubelet-config")
	assert.NotContains(t, h.works("join.sh", scriptsDiscovery("one")).calls, "phase kubelet-config", "the newer settings wait for the newer kubelet")
	inOrder(t, h.works("vacate.sh", "").calls, "annotate node worker-node-1", "drain worker-node-1 --ignore-daemonsets")
	inOrder(t, h.works("upgrade.sh", "").calls,
		"containerd.io=2.2.90-*", "systemctl restart containerd", "kubeadm=1.35.90-*", "kubeadm upgrade node", "kubelet=1.35.90-* kubectl=1.35.90-*", "systemctl restart kubelet", "uncordon worker-node-1")
	assert.Equal(t, "1.35.90", h.read("kubelet"))
	assert.NotContains(t, h.works("vacate.sh", "").calls, "drain")
	assert.NotContains(t, h.works("upgrade.sh", "").calls, "apt-get")

	t.Run("one that was killed goes on", func(t *testing.T) {
		h, fresh := scriptsOlder(scriptsWorker(t)), scriptsOlder(scriptsWorker(t))
		h.env["IGNORE"] = ""
		h.works("vacate.sh", "")
		h.stub("systemctl", `[[ $* == "restart kubelet" ]] && kill -KILL $PPID; exit 0`)
		assert.True(t, h.run("upgrade.sh", "").failed)
		h.copyStub(fresh, "systemctl")
		inOrder(t, h.works("upgrade.sh", "").calls, "systemctl restart kubelet", "uncordon worker-node-1")
		assert.Empty(t, h.read("unschedulable"))
	})
	t.Run("a kubelet that does not come back is reported", func(t *testing.T) {
		h := scriptsOlder(scriptsWorker(t))
		h.env["IGNORE"] = ""
		h.stub("systemctl", "")
		h.stub("journalctl", "echo unknown flag")
		run := h.fails("upgrade.sh", "", "worker-node-1 is not ready with Kubernetes 1.35.90 after 5 minutes: v1.34.90 True", "the lines above say why")
		assert.Contains(t, run.stderr, "    unknown flag")
		assert.NotContains(t, run.calls, "uncordon", "no pods for a node that does not work")
	})
}

func TestScriptsPrepareOfAMember(t *testing.T) {
	member := func() *scriptsHost {
		h := scriptsOlder(scriptsMachine(t))
		h.write("var/lib/platform/joined", "x")
		return h
	}
	h := member()
	calls := h.works("prepare.sh", "").calls
	assert.Contains(t, calls, "--download-only containerd.io=2.2.90-* kubelet=1.35.90-* kubeadm=1.35.90-* kubectl=1.35.90-*", "what the upgrade needs is fetched")
	assert.Equal(t, "1.34.90", h.read("packages/kubelet"), "and not installed")
	assert.NotContains(t, calls, "systemctl restart containerd", "the old runtime keeps the settings it knows")
	assert.Contains(t, h.read("etc/apt/sources.list.d/platform.list"), "/kubernetes/v1.35/deb/")

	for version, what := range map[string]string{
		"1.36.3": `kubernetesVersion "1.36.3": skips a minor version, this node runs 1.34.90`,
		"1.34.3": `kubernetesVersion "1.34.3": cannot go back, this node runs 1.34.90`,
	} {
		h := member()
		h.env["KUBERNETES_VERSION"] = version
		assert.NotContains(t, h.fails("prepare.sh", "", what, "").calls, "apt-get")
		assert.False(t, h.has("etc/sysctl.d/99-platform.conf"), "nothing has changed")
	}
}

func TestScriptsUpgradeOfTheRuntimeAlone(t *testing.T) {
	current := func(h *scriptsHost) *scriptsHost {
		for _, name := range []string{"packages/kubelet", "packages/kubeadm", "packages/kubectl", "api", "kubelet"} {
			h.write(name, "1.35.90")
		}
		h.env["IGNORE"], h.env["WORKER"] = "", "1.35.90"
		return h
	}
	t.Run("of the control plane", func(t *testing.T) {
		h := current(scriptsRunning(t))
		calls := h.works("init.sh", "").calls
		inOrder(t, calls, "drain control-plane", "containerd.io=2.2.90-*", "apt-mark hold containerd.io", "systemctl restart containerd", "uncordon control-plane")
		assert.NotContains(t, calls, "kubeadm upgrade apply", "Kubernetes stays")
		assert.NotContains(t, h.works("init.sh", "").calls, "drain")
	})
	t.Run("of a worker", func(t *testing.T) {
		h := current(scriptsOlder(scriptsWorker(t)))
		inOrder(t, h.works("vacate.sh", "").calls, "drain worker-node-1")
		inOrder(t, h.works("upgrade.sh", "").calls, "containerd.io=2.2.90-*", "systemctl restart containerd", "uncordon worker-node-1")
		assert.NotContains(t, h.works("vacate.sh", "").calls, "drain")
		assert.NotContains(t, h.works("upgrade.sh", "").calls, "apt-get")
	})
	t.Run("killed between the package and its settings", func(t *testing.T) {
		h, fresh := current(scriptsOlder(scriptsWorker(t))), current(scriptsOlder(scriptsWorker(t)))
		h.works("vacate.sh", "")
		h.stub("systemctl", `[[ $* == "restart containerd" ]] && kill -KILL $PPID; exit 0`)
		assert.True(t, h.run("upgrade.sh", "").failed)
		h.copyStub(fresh, "systemctl")
		inOrder(t, h.works("upgrade.sh", "").calls, "systemctl restart containerd", "uncordon worker-node-1")
	})
	t.Run("back", func(t *testing.T) {
		h := scriptsOlder(scriptsMachine(t))
		h.write("var/lib/platform/joined", "x")
		h.env["CONTAINERD_VERSION"] = "2.0.90"
		run := h.fails("prepare.sh", "", `containerdVersion "2.0.90": cannot go back, this node runs 2.1.90`, "set it to 2.1.90 or a later version")
		assert.NotContains(t, run.calls, "apt-get")
	})
}
