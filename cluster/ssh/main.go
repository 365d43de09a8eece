// Command ssh logs in to a node of the selected stack:
//
//	go run ./cluster/ssh worker-node-1 [command...]
//
// It asks pulumi for the seed and the addresses, derives the login keys as the program does, and runs the ssh command with an
// agent of its own, so that the keys are in no file. The node's host key is the derived one and no other is accepted.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"ecommerce-platform/cluster"
	"ecommerce-platform/cluster/step"
)

func main() {
	cwd := flag.String("cwd", ".", "directory of Pulumi.yaml and the stack's configuration")
	flag.Usage = func() { fmt.Fprintln(os.Stderr, "usage: go run ./cluster/ssh [-cwd dir] node [command...]") }
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	err := login(*cwd, flag.Arg(0), flag.Args()[1:])
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		os.Exit(exit.ExitCode()) // ssh has said why
	case err != nil:
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// outputs are those of the stack's outputs that say how nodes are reached.
type outputs struct {
	Nodes []node `json:"nodes"`
	// LoginKeys are the labels of the keys that every node takes. While an update goes on a node takes at least one of them.
	LoginKeys []string `json:"loginKeys"`
}

type node struct {
	Name     string `json:"name"`
	PublicIP string `json:"publicIp"`
}

func login(cwd, name string, command []string) error {
	output, err := pulumi(cwd, "stack", "output", "--json")
	if err != nil {
		return err
	}
	last := outputs{LoginKeys: []string{""}}
	if err := json.Unmarshal(output, &last); err != nil {
		return fmt.Errorf("outputs: %w", err)
	}
	address, err := addressOf(last.Nodes, name)
	if err != nil {
		return err
	}
	seed, err := pulumi(cwd, "config", "get", "keySeed")
	if err != nil {
		return err
	}
	keys, err := cluster.DeriveKeys(strings.TrimSuffix(string(seed), "\n"), last.LoginKeys, []string{name})
	if err != nil {
		return err
	}
	return run(address, keys.Logins, keys.Hosts[name].Public, command)
}

func addressOf(nodes []node, name string) (string, error) {
	var names []string
	for _, node := range nodes {
		if node.Name == name {
			return node.PublicIP, nil
		}
		names = append(names, node.Name)
	}
	return "", fmt.Errorf("node %q: not one of %s", name, strings.Join(names, ", "))
}

// run leaves the terminal to ssh.
func run(address string, logins []cluster.Key, hostKey string, command []string) (err error) {
	dir, err := os.MkdirTemp("", "platform-ssh-") // mode 0700
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	known := filepath.Join(dir, "known_hosts")
	if err := os.WriteFile(known, []byte(address+" "+hostKey+"\n"), 0o600); err != nil {
		return err
	}
	socket := filepath.Join(dir, "agent")
	end, err := serveKeys(socket, logins)
	if err != nil {
		return err
	}
	defer end()
	ssh := exec.Command("ssh", append(options(socket, known, address), command...)...)
	ssh.Stdin, ssh.Stdout, ssh.Stderr = os.Stdin, os.Stdout, os.Stderr
	return ssh.Run()
}

// options ignore the user's own configuration, which may say otherwise.
func options(socket, known, address string) []string {
	return []string{
		"-F", "none", "-o", "IdentityAgent=" + socket, "-o", "UserKnownHostsFile=" + known, "-o", "GlobalKnownHostsFile=none",
		"-o", "StrictHostKeyChecking=yes", "-o", "HostKeyAlgorithms=ssh-ed25519", "-o", "PasswordAuthentication=no",
		"-o", "ServerAliveInterval=15", step.LoginUser + "@" + address,
	}
}

func pulumi(cwd string, args ...string) ([]byte, error) {
	var stderr bytes.Buffer
	command := exec.Command("pulumi", append([]string{"--cwd", cwd, "--non-interactive"}, args...)...)
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("pulumi %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return output, nil
}
