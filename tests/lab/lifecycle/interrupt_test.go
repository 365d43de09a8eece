//go:build lab

package lifecycle

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"ecommerce-platform/tests/lab/labtest"
	"ecommerce-platform/tests/lab/machines"
	"ecommerce-platform/tests/lab/toolchain"
)

// interruption is a point of the bring-up at which everything that runs on this side is killed.
type interruption struct {
	name string
	// node is the machine that is watched; "" is this host.
	node string
	// reached is a shell condition that holds at this point.
	reached string
	// powerLoss kills the machine too, and starts it again.
	powerLoss bool
	// remains is a shell condition for what the machine's disk has after a loss of power.
	remains string
}

// The points in the order in which a bring-up comes to them. In a pattern, [x] keeps pgrep from finding the watch itself.
var (
	duringLaunch = interruption{
		name:    "while machines start",
		reached: `test "$(docker ps --quiet --filter label=twin=$LAB --filter label=twin.id | wc -l)" -ge 1`,
	}
	duringInstall = interruption{
		name: "while packages are installed", node: "worker-node-1",
		reached: `pgrep -f "[p]repare.sh" && pgrep -x dpkg`,
	}
	duringInit = interruption{
		name: "while kubeadm init runs", node: "control-plane",
		reached: `pgrep -f "[k]ubeadm init" && test -e /etc/kubernetes/manifests/etcd.yaml`,
	}
	beforeMarker = interruption{
		name: "between kubeadm init and its marker, with a loss of power", node: "control-plane", powerLoss: true,
		// What follows kubeadm takes less than a second, so the script is stopped before, and kubeadm ends by itself.
		reached: `{ test -e /run/stopped || { pgrep -f "[k]ubeadm init" && test -e /etc/kubernetes/admin.conf &&
			pkill -STOP -f "bin/[i]nit.sh" && touch /run/stopped; }; } && grep -q "initialized successfully" /var/log/platform/init.log`,
		remains: `test -e /etc/kubernetes/admin.conf && ! test -e /var/lib/platform/initialized`,
	}
	duringJoinWithPowerLoss = interruption{
		name: "while kubeadm join runs, with a loss of power", node: "worker-node-1", powerLoss: true,
		reached: `pgrep -f "[k]ubeadm join" && test -e /etc/kubernetes/pki/ca.crt && pkill -STOP -f "bin/[j]oin.sh"`,
		remains: `! test -e /var/lib/platform/joined`,
	}
	duringCalico = interruption{
		name: "while Calico starts on a node", node: "control-plane",
		reached: `kubectl --kubeconfig /etc/kubernetes/admin.conf get pods -n kube-system -l k8s-app=calico-node -o name \
			--field-selector spec.nodeName=worker-node-1,status.phase=Pending | grep .`,
	}
	duringWorkloads = interruption{
		name: "while pods of the shop are pending", node: "control-plane",
		reached: `kubectl --kubeconfig /etc/kubernetes/admin.conf get pods -n ecommerce --field-selector status.phase=Pending -o name | grep .`,
	}
)

// pointLimit bounds the wait for a point. Nothing rests on how long it takes.
const pointLimit = 15 * time.Minute

// interrupted brings a new lab up and kills `make up` at the first points and `pulumi up` at the others; the run after the
// last one is to end well.
func interrupted(makeUp, pulumi []interruption) func(t *testing.T) {
	return func(t *testing.T) {
		start := time.Now()
		fresh := options
		fresh.Keep = false
		require.NoError(t, labtest.Down(t.Context(), fresh))
		for _, point := range makeUp {
			require.True(t, t.Run("make up is killed "+point.name, func(t *testing.T) { point.kill(t, makeTarget(t, "up")) }))
		}
		var err error
		shop, err = labtest.Reopen(t.Context(), options)
		require.NoError(t, err)
		for _, point := range pulumi {
			require.True(t, t.Run("pulumi up is killed "+point.name, func(t *testing.T) { point.kill(t, pulumiUpOnLab) }))
		}
		var last time.Duration
		require.True(t, t.Run("run again, it ends well", func(t *testing.T) {
			again := time.Now()
			require.NoError(t, shop.Recover(t.Context()))
			result, err := shop.Stack.Up(t.Context())
			require.NoError(t, err)
			last = time.Since(again)
			require.NoError(t, shop.Connect(t.Context()))
			assert.NotEmpty(t, result.Changed())
		}))
		t.Run("the platform works", works)
		note(t, "bring-up killed and run again", "%d times killed, %s in all, %s of it the last run",
			len(makeUp)+len(pulumi), time.Since(start).Round(time.Second), last.Round(time.Second))
	}
}

// attempt starts a bring-up and returns how to kill it and how it ended.
type attempt func(t *testing.T) (kill func(), ended <-chan error)

// makeTarget is `make <target>` on the tests' lab, as its own process.
func makeTarget(t *testing.T, target string) attempt {
	t.Helper()
	checkout, err := toolchain.Source("..", "..")
	require.NoError(t, err)
	return func(t *testing.T) (func(), <-chan error) {
		cmd := exec.Command("make", "--no-print-directory", "-C", checkout, target, "LAB_NAME="+options.Name, "LAB_VPC="+options.VpcCidr)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		require.NoError(t, cmd.Start())
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		return func() { killTree(t, cmd.Process.Pid) }, ended
	}
}

// pulumiUpOnLab is `pulumi up` on the open lab.
func pulumiUpOnLab(t *testing.T) (func(), <-chan error) {
	// The lock that the one killed before left, which a person takes away with `pulumi cancel`.
	require.NoError(t, shop.Recover(t.Context()))
	ended := make(chan error, 1)
	go func() {
		_, err := shop.Stack.Up(t.Context())
		ended <- err
	}()
	return func() {
		pid := pulumiUp(t)
		require.NotZero(t, pid, "pulumi up runs")
		killTree(t, pid)
	}, ended
}

// kill starts an attempt, waits for the point and kills it there.
func (i interruption) kill(t *testing.T, start attempt) {
	kill, ended := start(t)
	reached := make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), pointLimit)
	defer cancel()
	go func() { reached <- i.await(ctx) }()
	select {
	case err := <-ended:
		t.Fatalf("the bring-up ended before the point was seen: %v", err)
	case err := <-reached:
		if err != nil {
			kill()
			<-ended
			t.Fatal(err)
		}
	}
	kill()
	if i.powerLoss {
		i.losePower(t)
	}
	require.Error(t, <-ended, "it was killed")
	t.Log("killed", i.name)
}

// await returns when the point is reached. One command on the machine watches, since to start one takes longer than some
// points last; another follows while there is no machine yet.
func (i interruption) await(ctx context.Context) error {
	loop := fmt.Sprintf("until { %s; } >/dev/null 2>&1; do sleep 0.05; done", i.reached)
	var last error
	if wait.PollUntilContextCancel(ctx, 200*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		last = i.watch(ctx, loop)
		return last == nil, nil
	}) != nil {
		return fmt.Errorf("not reached within %s: %s: %w", pointLimit, i.name, last)
	}
	return nil
}

// watch runs a shell's line on the point's machine, or on this one where it has none.
func (i interruption) watch(ctx context.Context, line string) error {
	command := []string{"sh", "-c", line}
	if i.node != "" {
		container, err := i.container(ctx)
		if err != nil {
			return err
		}
		command = append([]string{"docker", "exec", container}, command...)
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "LAB="+options.Name)
	output, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(output)))
	}
	return nil
}

// container is found without the lab, which is not open while `make up` has it.
func (i interruption) container(ctx context.Context) (string, error) {
	addresses, err := labtest.Addresses(options)
	if err != nil {
		return "", err
	}
	return machines.Container(ctx, options.Name, addresses[i.node])
}

// losePower ends everything on the machine at once and starts it again, its disk as it was.
func (i interruption) losePower(t *testing.T) {
	t.Helper()
	container, err := i.container(t.Context())
	require.NoError(t, err)
	for _, action := range []string{"kill", "start"} {
		output, err := exec.Command("docker", action, container).CombinedOutput()
		require.NoError(t, err, "docker %s: %s", action, output)
	}
	// For a moment no command runs in a machine that has just started.
	labtest.Eventually(t, time.Minute, func() error {
		output, err := exec.Command("docker", "exec", container, "sh", "-c", i.remains).CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%s: %w: %s", i.remains, err, output)
		}
		return err
	})
}

// works is what every bring-up must end with: every node and every pod ready, the shop answering through all its tiers, and
// nothing left to change.
func works(t *testing.T) {
	for _, node := range labtest.Get[corev1.NodeList](t, shop, "nodes").Items {
		for _, condition := range node.Status.Conditions {
			if condition.Type == corev1.NodeReady {
				assert.Equal(t, corev1.ConditionTrue, condition.Status, node.Name)
			}
		}
	}
	assert.Len(t, labtest.Get[corev1.NodeList](t, shop, "nodes").Items, len(shop.Addresses))
	for tier, replicas := range map[string]int32{"frontend": 4, "backend": 3, "redis": 2, "postgres": 1} {
		deployment := labtest.Get[appsv1.Deployment](t, shop, "deployment", tier, "-n", "ecommerce")
		assert.Equal(t, replicas, deployment.Status.ReadyReplicas, tier)
	}
	for _, path := range []string{"/", "/data"} {
		labtest.Eventually(t, time.Minute, func() error {
			status, _, body, err := shop.Fetch(t.Context(), path)
			if err == nil && status != http.StatusOK {
				err = fmt.Errorf("%s answered %d: %s", path, status, body)
			}
			return err
		})
	}
	result, err := shop.Stack.Up(t.Context())
	require.NoError(t, err)
	assert.Empty(t, result.Describe(), "a further up has nothing to change")
	assert.NotContains(t, result.Output, "pending operations", "nothing is left of what was interrupted")
}
