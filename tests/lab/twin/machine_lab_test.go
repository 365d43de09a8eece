//go:build lab

package twin_test

import (
	"bufio"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"ecommerce-platform/tests/lab/images"
	"ecommerce-platform/tests/lab/machines"
)

const twinName = "twin-plugin-test"

// startPlugin starts the provider as the engine does: a program that prints its port.
func startPlugin(t *testing.T, dir string) *cloud {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "pulumi-resource-aws")
	compile := exec.Command("go", "build", "-o", binary, "./pulumi-resource-aws")
	compile.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := compile.CombinedOutput()
	require.NoError(t, err, string(out))
	cmd := exec.Command(binary)
	cmd.Env = append(os.Environ(), "TWIN_MODE=machine", "TWIN_NAME="+twinName, "TWIN_STATE="+dir)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt) //nolint:errcheck
		assert.NoError(t, cmd.Wait(), "an interrupted provider finishes and leaves")
	})
	port, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	connection, err := grpc.NewClient("127.0.0.1:"+strings.TrimSpace(port), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	return connect(t, "eu-central-1", dir, connection)
}

// inMachine runs a line in the machine.
func inMachine(t *testing.T, line string) string {
	t.Helper()
	out, err := exec.Command("docker", "exec", twinName+"-control-plane", "bash", "-c", line).CombinedOutput()
	require.NoError(t, err, string(out))
	return strings.TrimSpace(string(out))
}

// TestPlugin takes one instance with an Elastic IP and a volume through its life on the lab's node image.
func TestPlugin(t *testing.T) {
	ctx := context.Background()
	image, err := images.Newest.Machine().Build(ctx)
	require.NoError(t, err)
	t.Setenv("TWIN_IMAGE", image)
	require.NoError(t, machines.Down(ctx, twinName))
	t.Cleanup(func() { assert.NoError(t, machines.Down(ctx, twinName)) })
	s := build(startPlugin(t, t.TempDir()), "172.29.241.0/24")

	rule := s.create(ingressToken, "ssh", with(ssh(s), in{"cidrIpv4": "172.29.241.1/32"}))
	everywhere := s.create(egressToken, "out", in{"securityGroupId": s.group.id, "ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0"})
	inputs := s.node(in{"privateIp": "172.29.241.10", "userData": "#cloud-config\nhostname: control-plane\n"})
	node := s.create(instanceToken, "node", inputs)
	eip := s.create(eipToken, "eip", in{"domain": "vpc"})
	association := s.create(eipAssociationToken, "association", in{"allocationId": eip.id, "instanceId": node.id})
	address := net.JoinHostPort(s.output(eip, "publicIp").(string), "22")

	greeting := func() string {
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			return ""
		}
		defer c.Close()                                //nolint:errcheck
		c.SetReadDeadline(time.Now().Add(time.Second)) //nolint:errcheck
		line, _ := bufio.NewReader(c).ReadString('\n')
		return line
	}
	require.Eventually(t, func() bool { return strings.HasPrefix(greeting(), "SSH-2.0") }, 2*time.Minute, 500*time.Millisecond, "SSH answers at the Elastic IP")

	require.NoError(t, s.delete(rule))
	require.Eventually(t, func() bool { return greeting() == "" }, 10*time.Second, 200*time.Millisecond, "without its rule it does not")

	volume := s.create(volumeToken, "data", in{"availabilityZone": "eu-central-1a", "type": "gp3", "size": 1})
	attach := func() *thing {
		return s.create(attachmentToken, "data", in{"deviceName": "/dev/sdf", "instanceId": node.id, "volumeId": volume.id, "stopInstanceBeforeDetaching": true})
	}
	held, disk := attach(), "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_"+strings.ReplaceAll(volume.id, "-", "")
	assert.Equal(t, "1073741824", inMachine(t, "blockdev --getsize64 "+disk))
	inMachine(t, "mkfs.ext4 -q "+disk+" && mount "+disk+" /mnt && echo kept >/mnt/file && echo "+disk+" /mnt ext4 noatime,nofail 0 0 >>/etc/fstab")
	require.NoError(t, s.update(volume, in{"availabilityZone": "eu-central-1a", "type": "gp3", "size": 2}))
	assert.Equal(t, "2147483648", inMachine(t, "blockdev --getsize64 "+disk), "it grows in use")
	restarted, err := exec.Command("docker", "restart", twinName+"-control-plane").CombinedOutput()
	require.NoError(t, err, string(restarted))
	require.Eventually(t, func() bool {
		return exec.Command("docker", "exec", twinName+"-control-plane", "grep", "--quiet", "kept", "/mnt/file").Run() == nil
	}, time.Minute, 200*time.Millisecond, "it is mounted again after a reboot")
	require.NoError(t, s.delete(held))
	require.NoError(t, s.delete(association))
	require.NoError(t, s.delete(node))
	node = s.create(instanceToken, "node", inputs)
	association = s.create(eipAssociationToken, "association", in{"allocationId": eip.id, "instanceId": node.id})
	held = attach()
	assert.Equal(t, "kept", inMachine(t, "mount "+disk+" /mnt && cat /mnt/file"), "the next machine has what the one before wrote")

	out, err := exec.Command("docker", "rm", "--force", "--volumes", twinName+"-control-plane").CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Empty(t, s.read(association).Id, "a refresh sees that the association went with the machine, whichever it reads first")
	assert.Empty(t, s.read(held).Id, "with its hold on the volume")
	assert.Empty(t, s.read(node).Id, "and that the machine is gone")
	node = s.create(instanceToken, "node", inputs)

	for _, r := range []*thing{node, volume, eip, everywhere, s.group, s.association, s.route, s.table, s.gateway, s.subnet, s.vpc, s.key} {
		require.NoError(t, s.delete(r), r.urn)
	}
	for _, list := range [][]string{{"ps", "--all", "--quiet"}, {"network", "ls", "--quiet"}, {"volume", "ls", "--quiet"}} {
		out, err := exec.Command("docker", append(list, "--filter", "label=twin="+twinName)...).Output()
		require.NoError(t, err)
		assert.Empty(t, strings.TrimSpace(string(out)), "%v after the destroy", list)
	}
}
