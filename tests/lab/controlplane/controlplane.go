// Package controlplane runs a real Kubernetes control plane on the loopback interface, where an API server, a controller manager
// and a scheduler are needed, but no machines.
package controlplane

import (
	"context"
	"crypto/x509"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"ecommerce-platform/tests/lab/toolchain"
)

// stages are what kwok says of databases, besides what it says of nodes and pods anyway.
//
//go:embed stages.yaml
var stages []byte

// patience is how long a part of the control plane may take to answer on a busy machine.
const patience = 2 * time.Minute

// Cluster is a real API server with etcd, controller manager and scheduler.
type Cluster struct {
	dir string
	ca  *x509.Certificate
	// Address is the API server's.
	Address string
	// Kubeconfig is the path of an administrator's.
	Kubeconfig string

	tools     map[string]string
	processes map[string]*exec.Cmd
	// server are the API server's arguments.
	server []string
}

// Run starts a cluster that keeps its files in dir, until Stop. kwok says in the place of kubelets that nodes and pods are ready, and in
// that of CloudNativePG that databases are; its types and Calico's are installed. The first node is the control plane.
func Run(ctx context.Context, dir string, nodes ...string) (*Cluster, error) {
	c, err := run(ctx, dir, "kwok")
	if err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	if err := c.populate(ctx, nodes); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

func (c *Cluster) populate(ctx context.Context, nodes []string) error {
	kwok, err := freeAddress()
	if err != nil {
		return err
	}
	// kwok ends where it does not find a type that it is told of.
	if err := errors.Join(c.installTypes(ctx), os.WriteFile(c.path("stages.yaml"), stages, 0o600)); err != nil {
		return err
	}
	for _, process := range [][]string{
		append([]string{"kube-controller-manager"}, c.controllerManager()...),
		{"kube-scheduler", "--kubeconfig", c.Kubeconfig, "--secure-port", "0", "--leader-elect=false"},
		// Without leases the controller manager takes the nodes for dead after 50 seconds, and their pods are never ready again.
		{"kwok", "--kubeconfig", c.Kubeconfig, "--manage-all-nodes", "--server-address", kwok, "--node-lease-duration-seconds", "40", "--config", c.path("stages.yaml")},
	} {
		if err := c.start(process[0], process[1:]...); err != nil {
			return err
		}
	}
	for i, node := range nodes {
		add := c.AddNode
		if i == 0 {
			add = c.addControlPlane
		}
		if err := add(ctx, node); err != nil {
			return err
		}
	}
	return nil
}

// RunWithoutKubelets starts a cluster whose nodes are objects that the caller writes: nothing says that they are alive, and
// nothing minds. Pods that are bound to them stay as the scheduler left them.
func RunWithoutKubelets(ctx context.Context, dir string) (*Cluster, error) {
	c, err := run(ctx, dir)
	if err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	// As few limits between the scheduler and the API server as there can be.
	config := fmt.Appendf(nil, `apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
leaderElection: {leaderElect: false}
clientConnection: {kubeconfig: %q, qps: 2000, burst: 2000}
`, c.Kubeconfig)
	err = errors.Join(
		c.start("kube-controller-manager", append(c.controllerManager(), "--controllers=*,-node-lifecycle-controller",
			"--kube-api-qps", "2000", "--kube-api-burst", "2000")...),
		os.WriteFile(c.path("scheduler.yaml"), config, 0o600),
		c.start("kube-scheduler", "--config", c.path("scheduler.yaml"), "--secure-port", "0"),
	)
	if err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

// run starts the API server; tools are further programs that will be started. What it returns is to be stopped also after an error.
func run(ctx context.Context, dir string, tools ...string) (*Cluster, error) {
	c := &Cluster{dir: dir, tools: map[string]string{}, processes: map[string]*exec.Cmd{}}
	for _, name := range append(tools, "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl") {
		path, err := toolchain.Tool(ctx, name)
		if err != nil {
			return c, err
		}
		c.tools[name] = path
	}
	var addresses [3]string
	for i := range addresses {
		address, err := freeAddress()
		if err != nil {
			return c, err
		}
		addresses[i] = address
	}
	etcd, peer, api := addresses[0], addresses[1], addresses[2]
	c.Address = "https://" + api
	if err := errors.Join(c.issue(), c.writeKubeconfig()); err != nil {
		return c, err
	}
	if err := c.start("etcd", "--data-dir", c.path("etcd"), "--unsafe-no-fsync",
		"--listen-client-urls", "http://"+etcd, "--advertise-client-urls", "http://"+etcd,
		"--listen-peer-urls", "http://"+peer, "--initial-advertise-peer-urls", "http://"+peer,
		"--initial-cluster", "default=http://"+peer); err != nil {
		return c, err
	}
	_, port, err := net.SplitHostPort(api)
	if err != nil {
		return c, err
	}
	c.server = []string{
		"--etcd-servers", "http://" + etcd,
		"--bind-address", "127.0.0.1", "--secure-port", port, "--cert-dir", c.dir,
		"--tls-cert-file", c.path("apiserver.crt"), "--tls-private-key-file", c.path("apiserver.key"),
		"--client-ca-file", c.path("ca.crt"), "--authorization-mode", "RBAC", "--allow-privileged",
		"--service-account-issuer", "https://kubernetes.default.svc", "--service-account-key-file", c.path("serviceaccounts.crt"),
		"--service-account-signing-key-file", c.path("serviceaccounts.key"), "--service-cluster-ip-range", "10.96.0.0/12",
		"--endpoint-reconciler-type", "none",
	}
	if len(tools) == 0 {
		// A new node is tainted until a kubelet reports, and here none does.
		c.server = append(c.server, "--disable-admission-plugins", "TaintNodesByCondition,ServiceAccount")
	}
	return c, c.Serve(ctx)
}

func (c *Cluster) controllerManager() []string {
	return []string{
		"--kubeconfig", c.Kubeconfig, "--secure-port", "0", "--leader-elect=false",
		"--service-account-private-key-file", c.path("serviceaccounts.key"), "--root-ca-file", c.path("ca.crt"),
	}
}

func (c *Cluster) path(name string) string { return filepath.Join(c.dir, name) }

func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}
