//go:build lab

// Package e2e checks the platform from outside, as it runs on real machines in containers.
package e2e

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"ecommerce-platform/tests/lab/engine"
	"ecommerce-platform/tests/lab/machines"
	"ecommerce-platform/tests/lab/platform"
	"ecommerce-platform/tests/lab/toolchain"
)

// The tests' lab lies beside that of `make up`, in the very block and at the very addresses of the specification.
const (
	labName  = "ecommerce-platform-e2e"
	labBlock = "172.31.16.0/20"
)

var labAddresses = map[string]string{
	"control-plane": "172.31.31.119",
	"worker-node-1": "172.31.18.239",
	"worker-node-2": "172.31.23.250",
}

var keep = flag.Bool("keep", false, "leave the lab running for the next run, and use one that runs")

// shop is the lab under test.
var shop struct {
	*platform.Lab
	outputs map[string]any
	first   *engine.Result
	// log is all that pulumi printed.
	log *bytes.Buffer
	// seen are the command lines that ran on the machines during the bootstrap.
	seen       *commandLines
	kubectl    string
	kubeconfig string
}

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "FAIL: bringing the lab up:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 40*time.Minute)
	defer cancel()
	if !*keep {
		if err := platform.Down(ctx, labName); err != nil {
			return 1, err
		}
		defer func() {
			if downErr := platform.Down(context.WithoutCancel(ctx), labName); err == nil {
				err = downErr
			}
		}()
	}
	shop.log = &bytes.Buffer{}
	shop.Lab, err = platform.Prepare(ctx, platform.Options{
		Name: labName, VpcCidr: labBlock, Addresses: labAddresses, Output: io.MultiWriter(os.Stdout, shop.log),
	})
	if err != nil {
		return 1, err
	}
	shop.seen = watchCommandLines(ctx)
	shop.first, err = shop.Stack.Up(ctx)
	shop.seen.stop()
	if err != nil {
		diagnose(ctx)
		return 1, err
	}
	if shop.outputs, err = shop.Stack.Outputs(ctx); err != nil {
		return 1, err
	}
	if shop.kubectl, err = toolchain.Tool(ctx, "kubectl"); err != nil {
		return 1, err
	}
	file, err := os.CreateTemp("", "kubeconfig-*")
	if err != nil {
		return 1, err
	}
	defer func() { _ = os.Remove(file.Name()) }()
	shop.kubeconfig = file.Name()
	text, _ := shop.outputs["kubeconfig"].(string)
	if _, err := file.WriteString(text); err != nil {
		return 1, err
	}
	if err := file.Close(); err != nil {
		return 1, err
	}
	code = m.Run()
	if code != 0 {
		diagnose(ctx)
	}
	return code, nil
}

// diagnose prints what a person would look at next.
func diagnose(ctx context.Context) {
	for _, command := range [][]string{
		{"get", "nodes", "-o", "wide"},
		{"get", "pods", "-A", "-o", "wide"},
		{"get", "events", "-A", "--field-selector", "type=Warning", "--sort-by", "lastTimestamp"},
	} {
		fmt.Fprintf(os.Stderr, "--- kubectl %s\n", strings.Join(command, " "))
		text, err := onMachine(ctx, "control-plane", append([]string{"kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf"}, command...)...)
		fmt.Fprintln(os.Stderr, tail(text, 60), errorText(err))
	}
	for _, node := range nodeNames {
		for _, command := range [][]string{{"ip", "route"}, {"journalctl", "--no-pager", "-n", "15", "-u", "kubelet"}} {
			fmt.Fprintf(os.Stderr, "--- %s: %s\n", node, strings.Join(command, " "))
			text, err := onMachine(ctx, node, command...)
			fmt.Fprintln(os.Stderr, text, errorText(err))
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func tail(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// onMachine runs a command as root on a node, as its serial console would.
func onMachine(ctx context.Context, node string, command ...string) (string, error) {
	container, err := machines.Container(ctx, labName, labAddresses[node])
	if err != nil {
		return "", err
	}
	return output(ctx, "docker", append([]string{"exec", container}, command...)...)
}

func output(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

// kubectl runs kubectl as the administrator whose kubeconfig is a stack output, and fails the test on an error.
func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	text, err := tryKubectl(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func tryKubectl(t *testing.T, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	return output(ctx, shop.kubectl, append([]string{"--kubeconfig", shop.kubeconfig}, args...)...)
}

// kubectlStdin is kubectl with a document to read.
func kubectlStdin(t *testing.T, document string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), shop.kubectl, append([]string{"--kubeconfig", shop.kubeconfig}, args...)...)
	cmd.Stdin = strings.NewReader(document)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("kubectl %s: %v: %s", strings.Join(args, " "), err, text)
	}
}

// kubectlCleanup runs when the test's own context is over.
func kubectlCleanup(t *testing.T, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if _, err := output(ctx, shop.kubectl, append([]string{"--kubeconfig", shop.kubeconfig}, args...)...); err != nil {
		t.Error(err)
	}
}

// eventually waits until check has no error, and fails with the last one at the deadline.
func eventually(t *testing.T, limit time.Duration, check func() error) {
	t.Helper()
	deadline := time.After(limit)
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("not within %s: %v", limit, err)
		case <-ticker.C:
		}
	}
}
