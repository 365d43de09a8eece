package rules

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNamesOfSecrets(t *testing.T) {
	for name, want := range map[string]bool{
		"POSTGRES_PASSWORD":      true,
		"databasePassword":       true,
		"PGPASSWORD":             true,
		"password":               true,
		"API_KEY":                true,
		"apiKey":                 true,
		"AWS_SECRET_ACCESS_KEY":  true,
		"SESSION_TOKEN":          true,
		"client.secret":          true,
		"POSTGRES_PASSWORD_FILE": false,
		"TOKEN_TTL":              false,
		"SECRET_NAME":            false,
		"KEYSPACE":               false,
		"SSH_PUBLIC_KEY":         false,
		"BACKEND_URL":            false,
		"NGINX_ENVSUBST_FILTER":  false,
		"default.conf.template":  false,
		"compass":                false,
	} {
		assert.Equal(t, want, namesSecret(name), name)
	}
}

func TestSwitchesHoldNoSecret(t *testing.T) {
	for _, c := range []struct {
		name, value string
		want        bool
	}{
		{"ALLOW_EMPTY_PASSWORD", "yes", false}, {"MYSQL_ALLOW_EMPTY_PASSWORD", "1", false}, {"MYSQL_RANDOM_ROOT_PASSWORD", "true", false},
		{"requirePassword", "false", false}, {"POSTGRES_HOST_AUTH_METHOD", "trust", false}, {"DB_PASSWORD", "$(OTHER)", false},
		{"DB_PASSWORD", "1", true}, {"ALLOW_EMPTY_PASSWORD", "hunter2", true}, {"NOTED_PASSWORD", "0", true},
	} {
		assert.Equal(t, c.want, holdsSecret(c.name, c.value), "%s=%s", c.name, c.value)
	}
}

func TestSecretsInText(t *testing.T) {
	for text, want := range map[string]string{
		"sudo timeout 60 env NODE_IP='10.0.0.1' PLATFORM_DIGEST='4f' /opt/platform/bin/init.sh":                          "",
		"sudo timeout --kill-after=10 120 env PLATFORM_DIGEST=4f sh -c 'set -eu; umask 077; base64 -d | tar -x -C /opt'": "",
		"sudo timeout 120 env MANIFEST_SHA256='20667' REGISTRIES='docker.io quay.io' /opt/platform/bin/kubeconfig.sh":    "",
		"DB_PASSWORD='hunter2' ./run":                           "a value of DB_PASSWORD",
		"mysql --password=hunter2 shop":                         "a value of password",
		"login --token abcdef123":                               "a value of token",
		"export TOKEN=$(cat /run/token)":                        "",
		"env PASSWORD=\"$PASSWORD\" ./run":                      "",
		"the password is read from stdin":                       "",
		"curl -H 'Authorization: Bearer eyJhbGciOiJIUzI1NiJ9'":  "an authorization header",
		"psql postgres://shop:hunter2@db/shop":                  "a URL with a password",
		"psql postgres://shop@db/shop":                          "",
		"aws configure set id AKIAIOSFODNN7EXAMPLE":             "an AWS access key",
		"echo '-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blb' > k": "a private key",
		"kubeadm token create --ttl 5m --print-join-command":    "",
		"echo '-----BEGIN PGP PUBLIC KEY BLOCK-----' > key.asc": "",
		"kubeadm join --token-file /run/token 10.0.0.1:6443":    "",
	} {
		assert.Equal(t, want, secretIn(text), text)
	}
}
