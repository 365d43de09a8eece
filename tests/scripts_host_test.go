package tests

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// scriptsHost is a directory that stands for a node, with stubs of the programs that would change it.
type scriptsHost struct {
	t    *testing.T
	root string
	bin  string
	env  map[string]string
}

func newScriptsHost(t *testing.T, env map[string]string) *scriptsHost {
	t.Helper()
	dir := t.TempDir()
	h := &scriptsHost{t: t, root: filepath.Join(dir, "root"), bin: filepath.Join(dir, "bin"), env: map[string]string{
		"PLATFORM_ROOT": filepath.Join(dir, "root"), "PLATFORM_POLL": "0.05", "PLATFORM_WAIT": "0", "PLATFORM_LOCK_WAIT": "1",
		"PATH": filepath.Join(dir, "bin") + ":/usr/sbin:/usr/bin:/sbin:/bin", "CALLS": filepath.Join(dir, "calls"),
	}}
	maps.Copy(h.env, env)
	h.write("etc/os-release", "VERSION_CODENAME=trixie\n")
	for _, name := range []string{"systemctl", "journalctl", "crictl", "kubeadm", "kubectl", "curl", "ip", "nft"} {
		h.stub(name, "")
	}
	return h
}

// scriptsAuthority makes the cluster's authority, as every kubeadm does that is asked for it.
const scriptsAuthority = `[[ $* != "init phase certs ca "* ]] || { pki=$PLATFORM_ROOT/etc/kubernetes/pki; mkdir -p "$pki"; [[ -s $pki/ca.key ]] ||
	/usr/bin/openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj /CN=kubernetes -keyout "$pki/ca.key" -out "$pki/ca.crt" 2>/dev/null; exit; }
`

// scriptsMakeAuthority gives a host the cluster's authority.
func scriptsMakeAuthority(h *scriptsHost) {
	h.t.Helper()
	cmd := exec.Command(filepath.Join(h.bin, "kubeadm"), "init", "phase", "certs", "ca", "--config")
	cmd.Env = []string{"PLATFORM_ROOT=" + h.root, "CALLS=" + h.env["CALLS"], "PATH=" + h.env["PATH"]}
	out, err := cmd.CombinedOutput()
	require.NoError(h.t, err, string(out))
}

// stub replaces a program by a line in the list of calls and the given shell code.
func (h *scriptsHost) stub(name, code string) {
	h.t.Helper()
	require.NoError(h.t, os.MkdirAll(h.bin, 0o755))
	if name == "kubeadm" {
		code = scriptsAuthority + code
	}
	body := fmt.Sprintf("#!/bin/bash\necho \"%s $*\" >>\"$CALLS\"\n%s\n", name, code)
	require.NoError(h.t, os.WriteFile(filepath.Join(h.bin, name), []byte(body), 0o755))
}

// stubBefore adds code that a stub runs first.
func (h *scriptsHost) stubBefore(name, code string) {
	h.t.Helper()
	file := filepath.Join(h.bin, name)
	body, err := os.ReadFile(file)
	require.NoError(h.t, err)
	call, rest, _ := bytes.Cut(body, []byte("$CALLS\"\n"))
	require.NoError(h.t, os.WriteFile(file, slices.Concat(call, []byte("$CALLS\"\n"+code+"\n"), rest), 0o755))
}

// copyStub takes over another host's stub.
func (h *scriptsHost) copyStub(from *scriptsHost, name string) {
	h.t.Helper()
	body, err := os.ReadFile(filepath.Join(from.bin, name))
	require.NoError(h.t, err)
	require.NoError(h.t, os.WriteFile(filepath.Join(h.bin, name), body, 0o755))
}

func (h *scriptsHost) remove(path string) {
	h.t.Helper()
	require.NoError(h.t, os.Remove(filepath.Join(h.root, path)))
}

func (h *scriptsHost) write(path, content string) {
	h.t.Helper()
	file := filepath.Join(h.root, path)
	require.NoError(h.t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(h.t, os.WriteFile(file, []byte(content), 0o600))
}

func (h *scriptsHost) read(path string) string {
	h.t.Helper()
	content, err := os.ReadFile(filepath.Join(h.root, path))
	require.NoError(h.t, err)
	return string(content)
}

func (h *scriptsHost) has(path string) bool {
	_, err := os.Stat(filepath.Join(h.root, path))
	return err == nil
}

// scriptsRun is what came of one run.
type scriptsRun struct {
	stdout, stderr, calls string
	failed                bool
}

// run runs a script with stdin; more are programs before it, such as timeout.
func (h *scriptsHost) run(script, stdin string, more ...string) scriptsRun {
	h.t.Helper()
	require.NoError(h.t, os.WriteFile(h.env["CALLS"], nil, 0o600))
	path, err := filepath.Abs(filepath.Join("..", "cluster", "scripts", script))
	require.NoError(h.t, err)
	words := slices.Concat(more, []string{"bash", path})
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Stdin, cmd.WaitDelay = strings.NewReader(stdin), 10*time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	for name, value := range h.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	err = cmd.Run()
	calls, readErr := os.ReadFile(h.env["CALLS"])
	require.NoError(h.t, readErr)
	return scriptsRun{stdout: stdout.String(), stderr: stderr.String(), calls: string(calls), failed: err != nil}
}

// works runs a script that must succeed.
func (h *scriptsHost) works(script, stdin string) scriptsRun {
	h.t.Helper()
	run := h.run(script, stdin)
	require.False(h.t, run.failed, "%s failed:\n%s\ncalls:\n%s", script, run.stderr, run.calls)
	return run
}

// fails runs a script that must fail, and say what failed and what to do.
func (h *scriptsHost) fails(script, stdin, what, remedy string) scriptsRun {
	h.t.Helper()
	run := h.run(script, stdin)
	assert.True(h.t, run.failed, "%s must fail", script)
	name := strings.TrimSuffix(script, ".sh")
	assert.Contains(h.t, run.stderr, name+": FAILED: "+what)
	assert.Contains(h.t, run.stderr, name+": what to do: "+remedy)
	return run
}
