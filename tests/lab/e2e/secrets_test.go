//go:build lab

package e2e

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// secretTexts are what must show nowhere: each secret in the forms in which it travels.
func secretTexts(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{
		"key seed":          shop.Secrets.KeySeed,
		"database password": shop.Secrets.DatabasePassword,
		"kubeconfig key":    line(string(userOf(t, "kubeconfig").Key)),
	}
	for role, output := range roleOutputs {
		texts["kubeconfig key of "+role] = line(string(userOf(t, output).Key))
	}
	for _, node := range nodeNames {
		key, err := shop.OnMachine(t.Context(), node, "cat", "/etc/ssh/ssh_host_ed25519_key")
		require.NoError(t, err)
		texts["host key of "+node] = line(key)
	}
	for _, key := range loginKeys(t) {
		texts["login key"] = line(key)
	}
	require.Contains(t, texts, "login key")
	for name, secret := range texts {
		require.Greater(t, len(secret), 20, name)
	}
	for name, secret := range texts {
		texts[name+" in base64"] = strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(secret)), "=")
	}
	return texts
}

// loginKeys are the private keys with which the program logs in, from the state with its secrets in the clear.
func loginKeys(t *testing.T) []string {
	t.Helper()
	state, err := shop.Stack.Export(t.Context(), "--show-secrets")
	require.NoError(t, err)
	var keys []string
	for _, resource := range state.Resources {
		if resource.URN.Type() == "command:remote:Command" {
			keys = append(keys, privateKeys(t, resource.Inputs["connection"], false)...)
		}
	}
	return keys
}

// privateKeys finds private keys in a value of the state, where a secret is an object with its JSON text in plaintext.
func privateKeys(t *testing.T, value any, isSecret bool) []string {
	t.Helper()
	var keys []string
	switch value := value.(type) {
	case string:
		if strings.Contains(value, "PRIVATE KEY") {
			require.True(t, isSecret, "a private key is a secret of the state")
			keys = append(keys, value)
		}
	case map[string]any:
		if text, ok := value["plaintext"].(string); ok {
			var inside any
			require.NoError(t, json.Unmarshal([]byte(text), &inside))
			return privateKeys(t, inside, true)
		}
		for _, item := range value {
			keys = append(keys, privateKeys(t, item, isSecret)...)
		}
	}
	return keys
}

// line is the longest line of a PEM block's body: enough to tell the key.
func line(pem string) string {
	longest := ""
	for scanner := bufio.NewScanner(strings.NewReader(pem)); scanner.Scan(); {
		if text := scanner.Text(); !strings.HasPrefix(text, "-") && len(text) >= len(longest) {
			longest = text
		}
	}
	return longest
}

func TestSecretsShowNowhere(t *testing.T) {
	state, err := shop.Stack.Export(t.Context())
	require.NoError(t, err)
	outputs, err := shop.Stack.PlainOutputs(t.Context())
	require.NoError(t, err)
	places := map[string]string{
		"what pulumi printed": shop.Log.String(),
		"the plain outputs":   outputs,
		"the state":           string(state.Raw),
		"the twin's state":    readFile(t, shop.Dir+"/twin/ec2.json"),
		"the stack's config":  readFile(t, shop.Dir+"/pulumi/stacks/Pulumi.dev.yaml"),
		"the list of steps":   strings.Join(shop.first.Describe(), "\n"),
	}
	for _, node := range nodeNames {
		journal, err := shop.OnMachine(t.Context(), node, "sh", "-c", "journalctl --no-pager; cat /var/log/cloud-init*.log /var/log/auth.log 2>/dev/null || true")
		require.NoError(t, err)
		require.NotEmpty(t, journal)
		places["the logs of "+node] = journal
	}
	if !options.Keep && !options.Attach {
		require.NotEmpty(t, shop.seen.containing("kubeadm init"), "the watch saw the bootstrap")
	}
	for name, secret := range secretTexts(t) {
		t.Run(name, func(t *testing.T) {
			for place, text := range places {
				assert.False(t, strings.Contains(text, secret), "found in %s", place) //nolint:testifylint // would print the secret
			}
			assert.Empty(t, shop.seen.containing(secret), "found in a process listing")
		})
	}
}

// Nobody can join with a token, because there is none.
func TestNoJoinTokenExists(t *testing.T) {
	tokens := shop.Kubectl(t, "get", "secrets", "-n", "kube-system", "--field-selector", "type=bootstrap.kubernetes.io/token", "-o", "name")
	assert.Empty(t, tokens)
	for _, node := range nodeNames {
		found, err := shop.OnMachine(t.Context(), node, "sh", "-c", `grep -rlE "\b[a-z0-9]{6}\.[a-z0-9]{16}\b" /opt/platform /var/lib/platform /etc/kubernetes 2>/dev/null || true`)
		require.NoError(t, err)
		assert.Empty(t, found, "files with a token on %s", node)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}
