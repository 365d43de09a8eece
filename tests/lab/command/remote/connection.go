package remote

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/pulumi/pulumi-go-provider/infer"
	"golang.org/x/crypto/ssh"
)

// Connection says how to reach a machine. The original also knows passwords, agents and proxies, which the program does not
// use.
type Connection struct {
	User       *string  `pulumi:"user,optional"`
	Host       *string  `pulumi:"host"`
	Port       *float64 `pulumi:"port,optional"`
	PrivateKey *string  `pulumi:"privateKey,optional" provider:"secret"`
	// DialErrorLimit is how many dials may fail.
	DialErrorLimit *int `pulumi:"dialErrorLimit,optional"`
	// PerDialTimeout is in seconds, and of the TCP connection alone.
	PerDialTimeout *int `pulumi:"perDialTimeout,optional"`
	// HostKey is the key that the server must show, as a line of authorized_keys. Unset, any key will do.
	HostKey *string `pulumi:"hostKey,optional"`
}

// Annotate tells the defaults.
func (c *Connection) Annotate(a infer.Annotator) {
	a.SetDefault(&c.User, "root")
	a.SetDefault(&c.Port, 22)
	a.SetDefault(&c.DialErrorLimit, 10)
	a.SetDefault(&c.PerDialTimeout, 15)
}

func (c *Connection) address() string {
	return net.JoinHostPort(*c.Host, strconv.Itoa(int(*c.Port)))
}

// client is how to log in and whom to believe.
func (c *Connection) client() (*ssh.ClientConfig, error) {
	config := &ssh.ClientConfig{
		User:            *c.User,
		Timeout:         time.Duration(*c.PerDialTimeout) * time.Second,
		HostKeyCallback: ssh.InsecureIgnoreHostKey(), //nolint:gosec // as the original; the program always pins a key
	}
	if c.HostKey != nil {
		key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(*c.HostKey))
		if err != nil {
			return nil, fmt.Errorf("failed to parse host key: %w", err)
		}
		// A server with several keys is asked for the pinned one.
		config.HostKeyCallback, config.HostKeyAlgorithms = ssh.FixedHostKey(key), []string{key.Type()}
	}
	if c.PrivateKey != nil {
		signer, err := ssh.ParsePrivateKey([]byte(*c.PrivateKey))
		if err != nil {
			return nil, err
		}
		config.Auth = append(config.Auth, ssh.PublicKeys(signer))
	}
	return config, nil
}

// validate checks what can be checked without connecting: what a model answers for instead of a machine.
func (c *Connection) validate() error {
	var errs []error
	for _, field := range []struct {
		name  string
		value *string
	}{{"host", c.Host}, {"user", c.User}, {"privateKey", c.PrivateKey}, {"hostKey", c.HostKey}} {
		if field.value == nil || *field.value == "" {
			errs = append(errs, fmt.Errorf("connection.%s <unset>: required", field.name))
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	if _, err := c.client(); err != nil {
		// The parsers' words never hold a part of a key.
		return fmt.Errorf("connection: %w", err)
	}
	return nil
}
