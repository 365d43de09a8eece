package labtest

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// Stored returns what etcd holds below a prefix of its keys, such as /registry/secrets/, byte by byte.
func (l *Lab) Stored(t *testing.T, prefix string) map[string][]byte {
	t.Helper()
	const pki = "/etc/kubernetes/pki/etcd/"
	text := l.Kubectl(t, "exec", "--namespace", "kube-system", "etcd-control-plane", "--", "etcdctl", "--endpoints", "https://127.0.0.1:2379",
		"--cacert", pki+"ca.crt", "--cert", pki+"healthcheck-client.crt", "--key", pki+"healthcheck-client.key",
		"get", "--prefix", prefix, "--write-out", "json")
	var answer struct {
		Pairs []struct{ Key, Value []byte } `json:"kvs"`
	}
	require.NoError(t, json.Unmarshal([]byte(text), &answer))
	stored := map[string][]byte{}
	for _, pair := range answer.Pairs {
		stored[string(pair.Key)] = pair.Value
	}
	return stored
}
