// Package controlplane runs a real Kubernetes control plane on the loopback interface, for tests that need an API server,
// a controller manager and a scheduler but no machines.
package controlplane

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/toolchain"
)

// patience is how long a part of the control plane may take to answer on a busy machine.
const patience = 2 * time.Minute

// Cluster is a real API server with etcd, controller manager and scheduler.
type Cluster struct {
	t   *testing.T
	dir string
	ca  *x509.Certificate
	key *ecdsa.PrivateKey
	// Address is the API server's.
	Address string
	// Kubeconfig is the path of an administrator's.
	Kubeconfig string

	processes map[string]*os.Process
	// server are the API server's arguments.
	server []string
}

// Start runs a cluster until the test ends. kwok says in the place of kubelets that nodes and pods are ready, and Calico's
// types are installed.
func Start(t *testing.T, nodes ...string) *Cluster {
	t.Helper()
	c := newCluster(t, "kwok")
	c.start("kube-controller-manager", c.controllerManager()...)
	c.start("kube-scheduler", "--kubeconfig", c.Kubeconfig, "--secure-port", "0", "--leader-elect=false")
	// Without leases the controller manager takes the nodes for dead after 50 seconds, and their pods are never ready again.
	c.start("kwok", "--kubeconfig", c.Kubeconfig, "--manage-all-nodes", "--server-address", freeAddress(t), "--node-lease-duration-seconds", "40")
	c.installCalicoTypes()
	for _, node := range nodes {
		c.AddNode(node)
	}
	return c
}

// StartWithoutKubelets runs a cluster whose nodes are objects that the test writes: nothing says that they are alive, and
// nothing minds. Pods that are bound to them stay as the scheduler left them.
func StartWithoutKubelets(t *testing.T) *Cluster {
	t.Helper()
	c := newCluster(t)
	c.start("kube-controller-manager", append(c.controllerManager(), "--controllers=*,-node-lifecycle-controller",
		"--kube-api-qps", "2000", "--kube-api-burst", "2000")...)
	// As few limits between the scheduler and the API server as the test has.
	require.NoError(t, os.WriteFile(c.path("scheduler.yaml"), fmt.Appendf(nil, `apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
leaderElection: {leaderElect: false}
clientConnection: {kubeconfig: %q, qps: 2000, burst: 2000}
`, c.Kubeconfig), 0o600))
	c.start("kube-scheduler", "--config", c.path("scheduler.yaml"), "--secure-port", "0")
	return c
}

// newCluster starts the API server; tools are further programs that will be started.
func newCluster(t *testing.T, tools ...string) *Cluster {
	t.Helper()
	for _, name := range append(tools, "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl") {
		_, err := toolchain.Tool(t.Context(), name)
		require.NoError(t, err)
	}
	c := &Cluster{t: t, dir: t.TempDir(), processes: map[string]*os.Process{}}
	c.authority()
	c.pair("apiserver", pkix.Name{CommonName: "kube-apiserver"})
	c.pair("admin", pkix.Name{CommonName: "admin", Organization: []string{"system:masters"}})
	c.pair("serviceaccounts", pkix.Name{CommonName: "service-accounts"})

	etcd, peer, api := freeAddress(t), freeAddress(t), freeAddress(t)
	_, port, err := net.SplitHostPort(api)
	require.NoError(t, err)
	c.Address = "https://" + api
	c.writeKubeconfig()

	c.start("etcd", "--data-dir", c.path("etcd"), "--unsafe-no-fsync",
		"--listen-client-urls", "http://"+etcd, "--advertise-client-urls", "http://"+etcd,
		"--listen-peer-urls", "http://"+peer, "--initial-advertise-peer-urls", "http://"+peer,
		"--initial-cluster", "default=http://"+peer)
	server := []string{
		"--etcd-servers", "http://" + etcd,
		"--bind-address", "127.0.0.1", "--secure-port", port, "--cert-dir", c.dir,
		"--tls-cert-file", c.path("apiserver.crt"), "--tls-private-key-file", c.path("apiserver.key"),
		"--client-ca-file", c.path("ca.crt"), "--authorization-mode", "RBAC", "--allow-privileged",
		"--service-account-issuer", "https://kubernetes.default.svc", "--service-account-key-file", c.path("serviceaccounts.crt"),
		"--service-account-signing-key-file", c.path("serviceaccounts.key"), "--service-cluster-ip-range", "10.96.0.0/12",
		"--endpoint-reconciler-type", "none",
	}
	if !slices.Contains(tools, "kwok") {
		// A new node is tainted until a kubelet reports, and here none does.
		server = append(server, "--disable-admission-plugins", "TaintNodesByCondition,ServiceAccount")
	}
	c.server = server
	c.start("kube-apiserver", server...)
	c.waitReady()
	return c
}

func (c *Cluster) controllerManager() []string {
	return []string{
		"--kubeconfig", c.Kubeconfig, "--secure-port", "0", "--leader-elect=false",
		"--service-account-private-key-file", c.path("serviceaccounts.key"), "--root-ca-file", c.path("ca.crt"),
	}
}

func (c *Cluster) path(name string) string { return filepath.Join(c.dir, name) }

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// start runs a program until the test ends, and shows the end of its log if the test fails.
func (c *Cluster) start(name string, args ...string) {
	c.t.Helper()
	binary, err := toolchain.Tool(c.t.Context(), name)
	require.NoError(c.t, err)
	log, err := os.Create(c.path(name + ".log"))
	require.NoError(c.t, err)
	cmd := exec.Command(binary, args...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, c.dir
	// A test that is killed must not leave a control plane behind.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(c.t, cmd.Start())
	c.processes[name] = cmd.Process
	c.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = log.Close()
		if text, err := os.ReadFile(log.Name()); err == nil && c.t.Failed() {
			c.t.Logf("the last lines of %s:\n%s", name, tail(string(text), 5))
		}
	})
}

// Die ends the API server.
func (c *Cluster) Die() {
	c.t.Helper()
	require.NoError(c.t, c.processes["kube-apiserver"].Kill())
}

// Rise starts it again, under the same address and with all that it had.
func (c *Cluster) Rise() {
	c.t.Helper()
	c.start("kube-apiserver", c.server...)
	c.waitReady()
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

func (c *Cluster) waitReady() {
	c.t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(c.ca)
	client := &http.Client{
		Timeout:   5 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}},
	}
	require.Eventually(c.t, func() bool {
		// /readyz is open to everybody.
		resp, err := client.Get(c.Address + "/readyz")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}, patience, 200*time.Millisecond, "the API server is not ready")
}

// Kubectl runs kubectl as the administrator.
func (c *Cluster) Kubectl(stdin string, args ...string) string {
	c.t.Helper()
	binary, err := toolchain.Tool(c.t.Context(), "kubectl")
	require.NoError(c.t, err)
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, binary, append([]string{"--kubeconfig", c.Kubeconfig}, args...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &stdout, &stderr
	require.NoError(c.t, cmd.Run(), "kubectl %s: %s", strings.Join(args, " "), &stderr)
	return stdout.String()
}

// installCalicoTypes installs the custom resource definitions of Calico's manifest, and nothing else of it.
func (c *Cluster) installCalicoTypes() {
	c.t.Helper()
	module, err := toolchain.ModuleDir(c.t.Context(), "calico", toolchain.CalicoModule)
	require.NoError(c.t, err)
	manifest, err := os.ReadFile(filepath.Join(module, "manifests", "calico.yaml"))
	require.NoError(c.t, err)
	var types []string
	for _, document := range strings.Split(string(manifest), "\n---") {
		if strings.Contains(document, "\nkind: CustomResourceDefinition\n") {
			types = append(types, document)
		}
	}
	require.NotEmpty(c.t, types)
	c.Kubectl(strings.Join(types, "\n---\n"), "apply", "--server-side", "-f", "-")
	c.Kubectl("", "wait", "--for", "condition=Established", "--timeout", "60s", "crd",
		"ippools.crd.projectcalico.org", "bgpconfigurations.crd.projectcalico.org")
}

// AddNode registers a node as a kubelet would and waits until it is ready.
func (c *Cluster) AddNode(name string) {
	c.t.Helper()
	c.Kubectl(fmt.Sprintf(`{"apiVersion": "v1", "kind": "Node", "metadata": {"name": %[1]q, "labels": {
		"kubernetes.io/hostname": %[1]q, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}}}`, name),
		"create", "-f", "-")
	c.Kubectl("", "wait", "--for", "condition=Ready", "--timeout", "60s", "node/"+name)
}
