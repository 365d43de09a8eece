// Package remote holds the resources of the command provider that work over SSH.
package remote

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"ecommerce-platform/tests/lab/command/task"
)

// Defaults of a connection, as the original has them.
const (
	defaultUser           = "root"
	defaultPort           = 22
	defaultDialErrorLimit = 10
	defaultPerDialTimeout = 15
	unlimitedDialErrors   = -1
)

// Connection says how to reach a machine.
type Connection struct {
	Endpoint
	// Proxy is the machine that the connection goes through.
	Proxy *Endpoint `json:"proxy"`
}

// Endpoint is one SSH server and how to log in to it.
type Endpoint struct {
	User               *string  `json:"user"`
	Password           *string  `json:"password"`
	Host               *string  `json:"host"`
	Port               *float64 `json:"port"`
	PrivateKey         *string  `json:"privateKey"`
	PrivateKeyPassword *string  `json:"privateKeyPassword"`
	// AgentSocketPath is an SSH agent's socket. Default SSH_AUTH_SOCK.
	AgentSocketPath *string `json:"agentSocketPath"`
	// DialErrorLimit is how many dials may fail, -1 for any number.
	DialErrorLimit *int `json:"dialErrorLimit"`
	// PerDialTimeout is in seconds, 0 for none.
	PerDialTimeout *int `json:"perDialTimeout"`
	// HostKey is the key that the server must show, as a line of authorized_keys. Unset, any key will do.
	HostKey *string `json:"hostKey"`
}

// checkConnection fills in the connection's defaults, unless it is not known yet, and says what is wrong with it.
func checkConnection(inputs resource.PropertyMap) []plugin.CheckFailure {
	failures := task.Missing(inputs, "", "connection")
	connection, secret := element(inputs["connection"])
	if !connection.IsObject() {
		return failures
	}
	endpoint := connection.ObjectValue().Copy()
	failures = append(failures, checkEndpoint(endpoint, "connection.")...)
	if proxy, proxySecret := element(endpoint["proxy"]); proxy.IsObject() {
		endpointOfProxy := proxy.ObjectValue().Copy()
		failures = append(failures, checkEndpoint(endpointOfProxy, "connection.proxy.")...)
		endpoint["proxy"] = wrap(resource.NewProperty(endpointOfProxy), proxySecret)
	}
	inputs["connection"] = wrap(resource.NewProperty(endpoint), secret)
	return failures
}

func checkEndpoint(endpoint resource.PropertyMap, prefix string) []plugin.CheckFailure {
	task.Default(endpoint, "user", defaultUser)
	task.Default(endpoint, "port", float64(defaultPort))
	task.Default(endpoint, "dialErrorLimit", float64(defaultDialErrorLimit))
	task.Default(endpoint, "perDialTimeout", float64(defaultPerDialTimeout))
	return task.Missing(endpoint, prefix, "host")
}

// element looks into a secret.
func element(value resource.PropertyValue) (resource.PropertyValue, bool) {
	if value.IsSecret() {
		return value.SecretValue().Element, true
	}
	return value, false
}

func wrap(value resource.PropertyValue, secret bool) resource.PropertyValue {
	if secret {
		return resource.MakeSecret(value)
	}
	return value
}

// signer parses the private key, which may be encrypted.
func (e *Endpoint) signer() (ssh.Signer, error) {
	if e.PrivateKeyPassword != nil {
		return ssh.ParsePrivateKeyWithPassphrase([]byte(*e.PrivateKey), []byte(*e.PrivateKeyPassword))
	}
	return ssh.ParsePrivateKey([]byte(*e.PrivateKey))
}

// pinnedKey parses the host key, which has the form of a line of authorized_keys; nil when none is pinned.
func (e *Endpoint) pinnedKey() (ssh.PublicKey, error) {
	if e.HostKey == nil {
		return nil, nil
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(*e.HostKey))
	if err != nil {
		return nil, fmt.Errorf("hostKey: %w", err)
	}
	return key, nil
}

// auth lists the ways to log in, in the original's order.
func (e *Endpoint) auth() ([]ssh.AuthMethod, error) {
	var methods []ssh.AuthMethod
	if e.PrivateKey != nil {
		signer, err := e.signer()
		if err != nil {
			return nil, fmt.Errorf("privateKey: %w", err)
		}
		methods = append(methods, ssh.PublicKeys(signer))
	}
	if e.Password != nil {
		methods = append(methods, ssh.Password(*e.Password), ssh.KeyboardInteractive(
			func(_, _ string, questions []string, _ []bool) ([]string, error) {
				answers := make([]string, len(questions))
				for i := range answers {
					answers[i] = *e.Password
				}
				return answers, nil
			}))
	}
	socket := os.Getenv("SSH_AUTH_SOCK")
	if e.AgentSocketPath != nil {
		socket = *e.AgentSocketPath
	}
	if socket != "" {
		conn, err := net.Dial("unix", socket)
		if err != nil {
			return nil, fmt.Errorf("agentSocketPath: %w", err)
		}
		methods = append(methods, ssh.PublicKeysCallback(agent.NewClient(conn).Signers))
	}
	return methods, nil
}

func (e *Endpoint) user() string { return valueOr(e.User, defaultUser) }

func (e *Endpoint) address() string {
	return net.JoinHostPort(valueOr(e.Host, ""), strconv.Itoa(int(valueOr(e.Port, defaultPort))))
}

func (e *Endpoint) timeout() time.Duration {
	return time.Duration(valueOr(e.PerDialTimeout, defaultPerDialTimeout)) * time.Second
}

func valueOr[T any](value *T, fallback T) T {
	if value == nil {
		return fallback
	}
	return *value
}

// validate checks what can be checked without connecting: what a model answers for instead of a machine.
func (c *Connection) validate() error {
	var errs []error
	if c.Host == nil || *c.Host == "" {
		errs = append(errs, errors.New("connection.host <unset>: required"))
	}
	if c.User == nil || *c.User == "" {
		errs = append(errs, errors.New("connection.user <unset>: required"))
	}
	if c.PrivateKey == nil {
		errs = append(errs, errors.New("connection.privateKey <unset>: required"))
	} else if _, err := c.signer(); err != nil {
		// The parser's words never hold a part of the key.
		errs = append(errs, fmt.Errorf("connection.privateKey <secret>: %w", err))
	}
	if c.HostKey == nil {
		errs = append(errs, errors.New("connection.hostKey <unset>: required, an unknown machine is not to be trusted"))
	} else if _, err := c.pinnedKey(); err != nil {
		errs = append(errs, fmt.Errorf("connection.%w", err))
	}
	return errors.Join(errs...)
}
