package main

import (
	"fmt"
	"net"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"ecommerce-platform/cluster"
)

// serveKeys offers private keys at a socket until the function that it returns is called.
func serveKeys(socket string, logins []cluster.Key) (end func(), err error) {
	keyring := agent.NewKeyring()
	for _, login := range logins {
		private, err := ssh.ParseRawPrivateKey([]byte(login.Private))
		if err != nil {
			return nil, fmt.Errorf("login key: %w", err)
		}
		if err := keyring.Add(agent.AddedKey{PrivateKey: private}); err != nil {
			return nil, fmt.Errorf("login key: %w", err)
		}
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return // the listener is closed
			}
			go func() {
				defer connection.Close()                  //nolint:errcheck // nothing is left to lose
				_ = agent.ServeAgent(keyring, connection) // ends with the connection
			}()
		}
	}()
	return func() { listener.Close() }, nil //nolint:errcheck // the directory goes as well
}
