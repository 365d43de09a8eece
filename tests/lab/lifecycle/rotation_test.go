//go:build lab && lifecycle

package lifecycle

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"ecommerce-platform/tests/lab/labtest"
)

// testLoginKeysRotate takes the login key to another one as docs/secrets.md says, replaces a machine then, which only the new key
// has ever opened, and goes back. No machine is stopped or replaced for it.
func testLoginKeysRotate(t *testing.T) {
	requireWhole(t)
	first := loginKey(t)
	machines := fmt.Sprint(shop.Outputs["nodes"])
	rotate := func(labels ...any) {
		start := time.Now()
		require.NoError(t, shop.Set(t.Context(), map[string]any{"loginKeys": labels}))
		_, err := shop.Stack.Up(t.Context())
		require.NoError(t, err, "%q", labels)
		require.NoError(t, shop.Connect(t.Context()))
		note(t, fmt.Sprintf("login keys %q", labels), "pulumi up %s", time.Since(start).Round(time.Second))
		assert.Equal(t, labels, shop.Outputs["loginKeys"])
		assert.Equal(t, machines, fmt.Sprint(shop.Outputs["nodes"]), "the same machines")
		for _, node := range shop.NodeNames() {
			assert.Len(t, authorizedKeys(t, node), len(labels), "authorized on %s", node)
		}
		requireUnchanged(t)
	}

	t.Run("a key that no update has authorized comes first", func(t *testing.T) {
		require.NoError(t, shop.Set(t.Context(), map[string]any{"loginKeys": []any{"second", ""}}))
		_, err := shop.Stack.Up(t.Context())
		require.ErrorContains(t, err, `loginKeys[0] "second": no update has authorized it yet`)
	})
	onMachine(t, "worker-node-1", "echo ssh-ed25519 AAAA by hand >>/home/admin/.ssh/authorized_keys2")
	rotate("", "second")
	rotate("second", "")
	second := loginKey(t)
	require.NotEqual(t, first, second)
	for _, node := range shop.NodeNames() {
		require.NoError(t, logsIn(t, node, first), "until it is taken away: %s", node)
	}
	rotate("second")
	for _, node := range shop.NodeNames() {
		require.NoError(t, logsIn(t, node, second), node)
		require.ErrorContains(t, logsIn(t, node, first), "unable to authenticate", node)
	}
	assert.Equal(t, "ssh-ed25519 AAAA by hand\n", onMachine(t, "worker-node-1", "cat /home/admin/.ssh/authorized_keys2"), "is left to people")

	t.Run("a machine that is made since knows the new key alone", func(t *testing.T) {
		loseMachine(t, "worker-node-1")
		require.NoError(t, shop.Connect(t.Context()))
		machines = fmt.Sprint(shop.Outputs["nodes"])
		require.NoError(t, logsIn(t, "worker-node-1", second))
		require.ErrorContains(t, logsIn(t, "worker-node-1", first), "unable to authenticate")
	})
	rotate("second", "")
	rotate("", "second")
	rotate("")
	require.Equal(t, first, loginKey(t), "the same label is the same key")
	require.NoError(t, shop.Set(t.Context(), nil))
	requireUnchanged(t)
	labtest.Eventually(t, restoreLimit, allAnswers)
	requireWhole(t)
}

// authorizedKeys are the lines of the file that the platform keeps.
func authorizedKeys(t *testing.T, node string) []string {
	t.Helper()
	return strings.Split(strings.TrimSpace(onMachine(t, node, "cat /home/admin/.ssh/authorized_keys")), "\n")
}

// loginKey is the private key with which the last update logged in.
func loginKey(t *testing.T) string {
	t.Helper()
	state, err := shop.Stack.Export(t.Context(), "--show-secrets")
	require.NoError(t, err)
	keys := map[string]bool{}
	for _, r := range state.Resources {
		if r.URN.Type() == "command:remote:Command" {
			keys[privateKey(t, r.Inputs["connection"])] = true
		}
	}
	require.Len(t, keys, 1, "every step has the same")
	for key := range keys {
		return key
	}
	return ""
}

// privateKey finds the one in a value of the state, where a secret is an object with its JSON text in plaintext.
func privateKey(t *testing.T, value any) string {
	t.Helper()
	switch value := value.(type) {
	case string:
		if strings.Contains(value, "PRIVATE KEY") {
			return value
		}
	case map[string]any:
		if text, ok := value["plaintext"].(string); ok {
			var inside any
			require.NoError(t, json.Unmarshal([]byte(text), &inside))
			return privateKey(t, inside)
		}
		for _, item := range value {
			if key := privateKey(t, item); key != "" {
				return key
			}
		}
	}
	return ""
}

// logsIn tells whether a key opens a machine from outside.
func logsIn(t *testing.T, node, key string) error {
	t.Helper()
	signer, err := ssh.ParsePrivateKey([]byte(key))
	require.NoError(t, err)
	nodes, _ := shop.Outputs["nodes"].([]any)
	for _, item := range nodes {
		output, _ := item.(map[string]any)
		if output["name"] != node {
			continue
		}
		client, err := ssh.Dial("tcp", net.JoinHostPort(fmt.Sprint(output["publicIp"]), "22"), &ssh.ClientConfig{
			User: "admin", Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, Timeout: 20 * time.Second,
			HostKeyCallback: ssh.InsecureIgnoreHostKey(), //nolint:gosec // it is the login that is looked at
		})
		if err == nil {
			err = client.Close()
		}
		return err
	}
	return fmt.Errorf("no node %s among the outputs", node)
}

// testBackupPasswordRotates gives the backups another password: points of before can be restored with it, and the old one opens
// nothing.
func testBackupPasswordRotates(t *testing.T) {
	backup := rehearse()
	query(t, "create table rotated (id int)")
	query(t, "insert into rotated values (1)")
	backup.first(t)
	points := shop.Outputs["backups"]
	onMachine(t, "control-plane", "cp /var/lib/platform/backup/password /root/password.old")
	opens := func(file string) error {
		_, err := shop.OnMachine(t.Context(), "control-plane", "timeout", "60", "restic", "--repo", backupDirectory, "--password-file", file, "cat", "config")
		return err
	}
	require.NoError(t, opens("/root/password.old"))

	require.NoError(t, shop.Stack.SetSecret(t.Context(), "backupPassword", "another password of this test"))
	start := time.Now()
	_, err := shop.Stack.Up(t.Context())
	require.NoError(t, err)
	note(t, "backups get another password", "pulumi up %s", time.Since(start).Round(time.Second))
	require.NoError(t, opens("/var/lib/platform/backup/password"))
	require.ErrorContains(t, opens("/root/password.old"), "wrong password")
	requireUnchanged(t)

	query(t, "insert into rotated values (2)")
	backup.apply(t, "with another password", "restore")
	labtest.Eventually(t, restoreLimit, allAnswers)
	assert.Equal(t, "1", query(t, "select count(*) from rotated"), "as in the point from before the change")
	backup.apply(t, "second", "run")
	all, ok := shop.Outputs["backups"].([]any)
	require.True(t, ok)
	assert.Subset(t, all, points, "points of before are there")

	// Back to the derived one, as other stages expect it.
	require.NoError(t, shop.Stack.SetSecret(t.Context(), "backupPassword", ""))
	_, err = shop.Stack.Up(t.Context())
	require.NoError(t, err)
	require.NoError(t, opens("/root/password.old"))
	query(t, "drop table rotated")
	require.NoError(t, shop.Set(t.Context(), nil))
	_, err = shop.Stack.Up(t.Context())
	require.NoError(t, err)
	onMachine(t, "control-plane", "rm /root/password.old && rm -r "+backupDirectory)
}
