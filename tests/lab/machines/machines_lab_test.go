//go:build lab

package machines_test

import (
	"context"
	"fmt"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/wait"

	"ecommerce-platform/tests/lab/images"
	"ecommerce-platform/tests/lab/machines"
)

const twin = "twin-test"

var subnet = machines.Network{ID: "subnet-0test", CIDR: netip.MustParsePrefix("172.29.240.0/24")}

// command runs a program and gives its output with the error.
func command(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// eventually waits for a command to succeed, and on failure shows its last output and the machine's.
func eventually(ctx context.Context, t *testing.T, container string, args ...string) {
	t.Helper()
	var out string
	var last error
	if err := wait.PollUntilContextTimeout(ctx, 500*time.Millisecond, 2*time.Minute, true, func(ctx context.Context) (bool, error) {
		out, last = command(ctx, args...)
		return last == nil, nil
	}); err != nil {
		logs, _ := command(ctx, "docker", "logs", "--tail", "50", container)
		journal, _ := command(ctx, "docker", "exec", container, "journalctl", "--no-pager", "--lines", "50")
		t.Fatalf("%s: %v: %s\nlogs of %s: %s\njournal: %s", strings.Join(args, " "), last, out, container, logs, journal)
	}
}

func machine(name, address string, firewall machines.Firewall) machines.Machine {
	firewall.Network, firewall.Address, firewall.Public = subnet, netip.MustParseAddr(address), true
	host := "ip-" + strings.ReplaceAll(address, ".", "-")
	return machines.Machine{ID: "i-0" + name, Container: twin + "-" + name, Network: subnet, Address: firewall.Address,
		Hostname: host, FQDN: host + ".ec2.internal", Firewall: firewall.Ruleset(),
		UserData: fmt.Appendf(nil, "#cloud-config\nhostname: %s\nruncmd:\n- [touch, /var/lib/first-boot]\n", name)}
}

// TestMachine boots machines from the lab's node image and looks at what the rules let through.
func TestMachine(t *testing.T) {
	ctx := context.Background()
	image, err := images.Newest.Machine().Build(ctx)
	require.NoError(t, err)
	docker := &machines.Docker{Name: twin, Image: image}
	require.NoError(t, machines.Down(ctx, twin))
	t.Cleanup(func() { assert.NoError(t, machines.Down(ctx, twin)) })
	require.NoError(t, docker.CreateNetwork(ctx, subnet))

	outside := netip.MustParsePrefix("172.29.240.1/32")
	all := machines.Rule{ID: "out", Protocol: "-1", CIDR: netip.MustParsePrefix("0.0.0.0/0")}
	firewall := machines.Firewall{
		Groups: map[string][]netip.Addr{"sg-0peers": {netip.MustParseAddr("172.29.240.10"), netip.MustParseAddr("172.29.240.11")}},
		Ingress: []machines.Rule{
			{ID: "web", Protocol: "tcp", From: 8080, To: 8080, CIDR: outside},
			{ID: "peers", Protocol: "tcp", From: 7000, To: 7000, Group: "sg-0peers"},
			{ID: "ping", Protocol: "icmp", From: -1, To: -1, Group: "sg-0peers"},
		},
		Egress: []machines.Rule{all},
	}
	require.NoError(t, docker.Launch(ctx, machine("a", "172.29.240.10", firewall)))
	require.NoError(t, docker.Launch(ctx, machine("b", "172.29.240.11", firewall)))
	require.NoError(t, docker.Launch(ctx, machine("c", "172.29.240.12", firewall)))
	a, b, c := twin+"-a", twin+"-b", twin+"-c"

	exec := func(container string, args ...string) (string, error) {
		return command(ctx, append([]string{"docker", "exec", container}, args...)...)
	}
	for _, container := range []string{a, b, c} {
		eventually(ctx, t, container, "docker", "exec", container, "test", "-f", "/var/lib/first-boot")
		eventually(ctx, t, container, "docker", "exec", container, "cloud-init", "status", "--wait")
	}
	serve := func(port string) {
		_, err := command(ctx, "docker", "exec", "--detach", a, "python3", "-m", "http.server", port)
		require.NoError(t, err)
		eventually(ctx, t, a, "docker", "exec", a, "curl", "--silent", "--fail", "--max-time", "2", "http://127.0.0.1:"+port+"/etc/hostname")
	}
	serve("8080")
	serve("7000")
	fetch := func(from, url string) error {
		args := []string{"curl", "--silent", "--fail", "--max-time", "2", url}
		if from != "" {
			args = append([]string{"docker", "exec", from}, args...)
		}
		_, err := command(ctx, args...)
		return err
	}

	t.Run("cloud-init names the machine and the resolver is the network's", func(t *testing.T) {
		name, err := exec(a, "hostname")
		require.NoError(t, err, name)
		assert.Equal(t, "a", name)
		resolver, err := exec(a, "cat", "/etc/resolv.conf")
		require.NoError(t, err, resolver)
		assert.Equal(t, "nameserver 172.29.240.2", resolver)
		system, _ := exec(a, "systemctl", "is-system-running")
		failed, _ := exec(a, "systemctl", "--failed", "--no-legend")
		assert.Equal(t, "running", system, failed)
	})
	t.Run("a rule for an address admits that address only", func(t *testing.T) {
		require.NoError(t, fetch("", "http://172.29.240.10:8080/etc/hostname"))
		require.Error(t, fetch(b, "http://172.29.240.10:8080/etc/hostname"))
	})
	t.Run("a rule for a group admits its members only", func(t *testing.T) {
		require.NoError(t, fetch(b, "http://172.29.240.10:7000/etc/hostname"))
		require.Error(t, fetch(c, "http://172.29.240.10:7000/etc/hostname"))
		require.Error(t, fetch("", "http://172.29.240.10:7000/etc/hostname"))
	})
	t.Run("a changed rule set is in force at once and kept over a restart", func(t *testing.T) {
		wider := firewall
		wider.Groups = map[string][]netip.Addr{"sg-0peers": {netip.MustParseAddr("172.29.240.12")}}
		require.NoError(t, docker.ApplyFirewall(ctx, a, machine("a", "172.29.240.10", wider).Firewall))
		require.NoError(t, fetch(c, "http://172.29.240.10:7000/etc/hostname"))
		require.Error(t, fetch(b, "http://172.29.240.10:7000/etc/hostname"))
		require.NoError(t, docker.Restart(ctx, a, machines.Size{CPUs: 1, MemoryMiB: 256}, nil))
		eventually(ctx, t, a, "docker", "exec", a, "cloud-init", "status", "--wait")
		rules, err := exec(a, "nft", "list", "table", "inet", "ec2_twin")
		require.NoError(t, err, rules)
		assert.Contains(t, rules, "172.29.240.12")
		name, _ := exec(a, "hostname")
		assert.Equal(t, "a", name)
		limits, err := command(ctx, "docker", "inspect", "--format", "{{.HostConfig.NanoCpus}} {{.HostConfig.Memory}}", a)
		require.NoError(t, err, limits)
		assert.Equal(t, "1000000000 268435456", limits, "and as large as its new type")
		serve("7000")
		require.NoError(t, fetch(c, "http://172.29.240.10:7000/etc/hostname"))
		require.Error(t, fetch(b, "http://172.29.240.10:7000/etc/hostname"))
	})
	t.Run("what no route of the network leads to is lost", func(t *testing.T) {
		public := machines.Firewall{Egress: []machines.Rule{all}}
		require.NoError(t, docker.ApplyFirewall(ctx, c, machine("c", "172.29.240.12", public).Firewall))
		require.Error(t, fetch(c, "http://192.168.250.77/"))
		rules, err := exec(c, "nft", "list", "table", "inet", "ec2_twin")
		require.NoError(t, err, rules)
		assert.Regexp(t, `counter packets [1-9]\d* .* drop comment "an internet gateway carries no private addresses"`, rules)
	})
	t.Run("source and destination check drops other addresses", func(t *testing.T) {
		open := machines.Firewall{Ingress: []machines.Rule{all}, Egress: []machines.Rule{all}}
		for name, address := range map[string]string{a: "172.29.240.10", b: "172.29.240.11"} {
			require.NoError(t, docker.ApplyFirewall(ctx, name, machine("x", address, open).Firewall))
		}
		for _, args := range [][]string{
			{a, "ip", "address", "add", "192.168.7.1/32", "dev", "lo"}, {b, "ip", "address", "add", "192.168.8.1/32", "dev", "lo"},
			{a, "ip", "route", "add", "192.168.8.1/32", "via", "172.29.240.11"}, {b, "ip", "route", "add", "192.168.7.1/32", "via", "172.29.240.10"},
		} {
			out, err := exec(args[0], args[1:]...)
			require.NoError(t, err, out)
		}
		ping := func() error {
			_, err := exec(a, "ping", "-c", "1", "-W", "2", "-I", "192.168.7.1", "192.168.8.1")
			return err
		}
		assert.NoError(t, ping(), "without the check, pods reach each other")
		checked := open
		checked.SourceDestCheck = true
		require.NoError(t, docker.ApplyFirewall(ctx, b, machine("b", "172.29.240.11", checked).Firewall))
		assert.Error(t, ping(), "with it on one side they do not")
	})
	t.Run("a terminated machine leaves nothing", func(t *testing.T) {
		require.NoError(t, docker.Terminate(ctx, c))
		status, err := docker.Status(ctx, c)
		require.NoError(t, err)
		assert.Empty(t, status)
		volumes, err := command(ctx, "docker", "volume", "ls", "--quiet", "--filter", "label=twin.id=i-0c")
		require.NoError(t, err)
		assert.Empty(t, volumes)
	})
}
