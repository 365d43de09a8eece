// Package machines runs the digital twin's machines: EC2 instances as Docker containers that boot systemd and
// cloud-init, subnets as Docker networks, security groups as nftables, Elastic IPs as forwarded addresses.
package machines

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"time"
)

// patience bounds one docker command: the slowest is the removal of a machine with much on its disks.
const patience = 3 * time.Minute

// Docker drives the docker command. Everything it makes has the label twin=Name.
type Docker struct {
	Name   string // prefix and label of containers, networks and volumes
	Image  string // stands for the AMI
	Mirror string // container that is "the internet" on every network; "" for none

	privileged sync.Once
	privileges []string
	refused    error
}

func (d *Docker) label() string { return "twin=" + d.Name }

func (d *Docker) run(ctx context.Context, args ...string) (string, error) {
	return docker(ctx, nil, args...)
}

// docker runs one command; its error has the command, its output and what to look at.
func docker(ctx context.Context, stdin []byte, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "docker", args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if stdin != nil {
		cmd.Stdin = bytes.NewReader(stdin)
	}
	err := cmd.Run()
	if err == nil {
		return strings.TrimSpace(stdout.String()), nil
	}
	if ctx.Err() == context.DeadlineExceeded {
		err = fmt.Errorf("no answer within %s", patience)
	}
	return strings.TrimSpace(stdout.String()), &CommandError{Args: args, Stderr: strings.TrimSpace(stderr.String()), Err: err}
}

// CommandError is a docker command that failed.
type CommandError struct {
	Args   []string
	Stderr string
	Err    error
}

func (e *CommandError) Error() string {
	return fmt.Sprintf("docker %s: %v: %s%s", strings.Join(e.Args, " "), e.Err, e.Stderr, e.hint())
}

func (e *CommandError) Unwrap() error { return e.Err }

// hint says what to look at for the failures that people meet.
func (e *CommandError) hint() string {
	for text, hint := range map[string]string{
		"Cannot connect to the Docker daemon": "; start it: `systemctl start docker`, or `dockerd` where there is no systemd",
		"Pool overlaps":                       "; another network of this host has addresses in that range: `docker network ls`, `ip route`; remove it or choose another vpcCidr",
		"No such image":                       "; the lab builds the image: `docker images`",
		"Address already in use":              "; `docker network inspect` shows which container has it",
		"is not running":                      "; `docker logs` of the container shows why it stopped",
	} {
		if strings.Contains(e.Stderr, text) {
			return hint
		}
	}
	return ""
}

// absent is how the engine says that it knows no such object.
var absent = regexp.MustCompile(`(?i)no such (container|object|volume|network)|(network|volume) \S+ not found`)

// missing says whether the engine answered that the object is not there. Where there is no docker command, or no engine that
// answers, nothing is known of the object.
func missing(err error) bool {
	var command *CommandError
	var exit *exec.ExitError
	return errors.As(err, &command) && errors.As(command.Err, &exit) && absent.MatchString(command.Stderr)
}

func lines(text string) []string {
	return strings.Fields(text)
}
