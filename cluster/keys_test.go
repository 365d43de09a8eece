package cluster

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
)

const testSeed = "a seed for tests that is long enough"

// Every deployed machine has keys made by this derivation: if one of these changes, nobody can log
// in to any of them any more.
func TestDerivedKeysNeverChange(t *testing.T) {
	keys, err := DeriveKeys(testSeed, []string{"", "2026-12-01"}, []string{"control-plane", "worker-node-1"})
	require.NoError(t, err)
	assert.Equal(t, []string{
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK+NaR1lvMOc5LzyEHKLE3Vt0TarBFlRkA/09buPNaKw",
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEnKgn2vMIBI9DMvtcGlTyycy7nCWuRDtuC5uqF6b7wH",
	}, keys.Authorized())
	assert.Equal(t, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAE85ZqcAU/iIWHfcPTuDt/d45Ak57pi+a9LStA6EqJI", keys.Hosts["control-plane"].Public)
	assert.Equal(t, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHMwjRslHum6emudH0VqHfoeYv2QGiyWCvvMUlcBAqjo", keys.Hosts["worker-node-1"].Public)
	sum := sha256.Sum256([]byte(keys.Logins[0].Private))
	assert.Equal(t, "2a5062c4d30a290f6c8e30ed51848e1a278f0aa62ba7db4b96c4fea279d55bbf", hex.EncodeToString(sum[:]),
		"the private key's file, whose change would replace user data")
	assert.Equal(t, "Ys0O5FJq1g_GAzCSTey59_0z47jajNPmN6wNvBmRGaI", keys.Backup, "every backup is encrypted with it")
}

func TestDeriveKeys(t *testing.T) {
	keys, err := DeriveKeys(testSeed, []string{"new", ""}, []string{"a", "b"})
	require.NoError(t, err)

	t.Run("each private key belongs to its public key", func(t *testing.T) {
		for name, key := range map[string]Key{"login": keys.Logins[0], "a": keys.Hosts["a"], "b": keys.Hosts["b"]} {
			signer, err := ssh.ParsePrivateKey([]byte(key.Private))
			require.NoError(t, err, name)
			assert.Equal(t, key.Public, strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey()))), name)
		}
	})
	t.Run("every label, every name and every seed has a key of its own", func(t *testing.T) {
		other, err := DeriveKeys(testSeed+"!", []string{"new"}, []string{"a"})
		require.NoError(t, err)
		seen := map[string]bool{}
		for _, key := range []Key{keys.Logins[0], keys.Logins[1], keys.Hosts["a"], keys.Hosts["b"], other.Logins[0], other.Hosts["a"]} {
			assert.False(t, seen[key.Public], key.Public)
			seen[key.Public] = true
		}
	})
	t.Run("a key does not depend on the other nodes", func(t *testing.T) {
		alone, err := DeriveKeys(testSeed, nil, []string{"b"})
		require.NoError(t, err)
		assert.Equal(t, keys.Hosts["b"], alone.Hosts["b"])
	})
	t.Run("a login key does not depend on its place", func(t *testing.T) {
		turned, err := DeriveKeys(testSeed, []string{"", "new"}, nil)
		require.NoError(t, err)
		assert.Equal(t, []Key{keys.Logins[1], keys.Logins[0]}, turned.Logins)
	})
	t.Run("OpenSSH reads the private key", func(t *testing.T) {
		keygen, err := exec.LookPath("ssh-keygen")
		require.NoError(t, err, "`make prepare` installs openssh-client")
		file := filepath.Join(t.TempDir(), "key")
		require.NoError(t, os.WriteFile(file, []byte(keys.Logins[0].Private), 0o600))
		out, err := exec.Command(keygen, "-y", "-P", "", "-f", file).CombinedOutput()
		require.NoError(t, err, string(out))
		assert.Equal(t, keys.Logins[0].Public, strings.TrimSpace(string(out)))
	})
}

func TestValidateSeed(t *testing.T) {
	require.EqualError(t, ValidateSeed(""), "keySeed <unset>: required, make one with `openssl rand -base64 32`")
	require.EqualError(t, ValidateSeed("too short a seed"), "keySeed <secret>: must have at least 32 characters, make one with `openssl rand -base64 32`")
	require.NoError(t, ValidateSeed(strings.Repeat("ä", 32)))
	_, err := DeriveKeys("short", nil, nil)
	assert.EqualError(t, err, ValidateSeed("short").Error())
}

func TestValidateLoginKeys(t *testing.T) {
	for _, good := range [][]string{{""}, {"2026-12-01", ""}, {"a_B.c", strings.Repeat("a", 63)}} {
		assert.Empty(t, ValidateLoginKeys(good))
	}
	for _, c := range []struct {
		labels []string
		want   string
	}{
		{nil, "loginKeys []: at least one label is required"},
		{[]string{"a", "b", "a"}, `loginKeys[2] "a": duplicate of loginKeys[0]`},
		{[]string{"a b"}, `loginKeys[0] "a b": must be at most 63 letters, digits, dots, dashes and underscores, such as a date`},
		{[]string{"a/b"}, `loginKeys[0] "a/b": must be at most 63 letters`},
	} {
		assert.ErrorContains(t, errors.Join(ValidateLoginKeys(c.labels)...), c.want)
	}
}
