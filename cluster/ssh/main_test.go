package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"ecommerce-platform/cluster"
)

const seed = "a seed that only this test knows, 0123456789"

// stub puts a command in front of the real ones. It writes its arguments, one a line, into the file that it returns.
func stub(t *testing.T, name, code string) (arguments string) {
	t.Helper()
	dir := t.TempDir()
	arguments = filepath.Join(dir, "arguments")
	script := "#!/bin/sh\nprintf '%s\\n' \"$@\" >'" + arguments + "'\n" + code + "\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755))
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return arguments
}

func stubPulumi(t *testing.T) {
	t.Helper()
	stub(t, "pulumi", `case "$*" in
*"stack output --json") echo '{"nodes":[{"name":"worker-node-1","publicIp":"203.0.113.7"}],"loginKeys":["2026-12-01",""],"kubeconfig":"[secret]"}' ;;
*"config get keySeed") echo '`+seed+`' ;;
esac`)
}

func TestLogin(t *testing.T) {
	stubPulumi(t)
	seen := t.TempDir()
	t.Setenv("SEEN", seen)
	arguments := stub(t, "ssh", `for word; do case $word in
IdentityAgent=*) SSH_AUTH_SOCK=${word#*=} ssh-add -L | cut -d " " -f 1,2 >"$SEEN/offered" ;;
UserKnownHostsFile=*) cp "${word#*=}" "$SEEN/known"; ls -ld "$(dirname "${word#*=}")" | cut -c1-10 >"$SEEN/mode"; ls "$(dirname "${word#*=}")" >"$SEEN/files" ;;
esac; done
exit 3`)
	err := login("/stack", "worker-node-1", []string{"uptime"})
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, 3, exit.ExitCode(), "ssh's own status is the command's")

	read := func(path string) string {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		return string(text)
	}
	keys, err := cluster.DeriveKeys(seed, nil, []string{"worker-node-1"})
	require.NoError(t, err)
	assert.Equal(t, "203.0.113.7 "+keys.Hosts["worker-node-1"].Public+"\n", read(filepath.Join(seen, "known")))
	assert.Contains(t, read(arguments), "StrictHostKeyChecking=yes\n")
	assert.Contains(t, read(arguments), "admin@203.0.113.7\nuptime\n")
	assert.NotContains(t, read(arguments), "PRIVATE KEY")
	assert.Equal(t, "drwx------\n", read(filepath.Join(seen, "mode")))
	assert.Equal(t, "agent\nknown_hosts\n", read(filepath.Join(seen, "files")), "the key is in no file")
	logins, err := cluster.DeriveKeys(seed, []string{"2026-12-01", ""}, nil)
	require.NoError(t, err)
	assert.Equal(t, strings.Join(logins.Authorized(), "\n")+"\n", read(filepath.Join(seen, "offered")), "each key that a node may take while they change")
}

func TestLoginToAnUnknownNode(t *testing.T) {
	stubPulumi(t)
	require.EqualError(t, login(".", "worker-node-9", nil), `node "worker-node-9": not one of worker-node-1`)
}

func TestAgentSignsWithTheLoginKeys(t *testing.T) {
	keys, err := cluster.DeriveKeys(seed, []string{"", "new"}, nil)
	require.NoError(t, err)
	socket := filepath.Join(t.TempDir(), "agent")
	end, err := serveKeys(socket, keys.Logins)
	require.NoError(t, err)
	defer end()
	connection, err := net.Dial("unix", socket)
	require.NoError(t, err)
	defer connection.Close() //nolint:errcheck // nothing is left to lose
	client := agent.NewClient(connection)
	for _, authorized := range keys.Authorized() {
		public, _, _, _, err := ssh.ParseAuthorizedKey([]byte(authorized))
		require.NoError(t, err)
		signature, err := client.Sign(public, []byte("challenge"))
		require.NoError(t, err)
		assert.NoError(t, public.Verify([]byte("challenge"), signature))
	}
}
