package engine_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/toolchain"
)

// patience is how long a part of the control plane may take to answer on a busy machine.
const patience = 2 * time.Minute

// controlPlane is a real API server with etcd, controller manager and scheduler on the loopback interface. kwok says in
// the place of kubelets that nodes and pods are ready.
type controlPlane struct {
	t   *testing.T
	dir string
	ca  *x509.Certificate
	key *ecdsa.PrivateKey
	// address is the API server's.
	address string
	// kubeconfig is an administrator's.
	kubeconfig string
}

func startControlPlane(t *testing.T, nodes ...string) *controlPlane {
	t.Helper()
	for _, name := range []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "kubectl"} {
		_, err := toolchain.Tool(t.Context(), name)
		require.NoError(t, err)
	}
	c := &controlPlane{t: t, dir: t.TempDir()}
	c.authority()
	c.pair("apiserver", pkix.Name{CommonName: "kube-apiserver"})
	c.pair("admin", pkix.Name{CommonName: "admin", Organization: []string{"system:masters"}})
	c.pair("serviceaccounts", pkix.Name{CommonName: "service-accounts"})

	etcd, peer, api := freeAddress(t), freeAddress(t), freeAddress(t)
	_, port, err := net.SplitHostPort(api)
	require.NoError(t, err)
	c.address = "https://" + api
	c.writeKubeconfig()

	c.start("etcd", "--data-dir", c.path("etcd"), "--unsafe-no-fsync",
		"--listen-client-urls", "http://"+etcd, "--advertise-client-urls", "http://"+etcd,
		"--listen-peer-urls", "http://"+peer, "--initial-advertise-peer-urls", "http://"+peer,
		"--initial-cluster", "default=http://"+peer)
	c.start("kube-apiserver", "--etcd-servers", "http://"+etcd,
		"--bind-address", "127.0.0.1", "--secure-port", port, "--cert-dir", c.dir,
		"--tls-cert-file", c.path("apiserver.crt"), "--tls-private-key-file", c.path("apiserver.key"),
		"--client-ca-file", c.path("ca.crt"), "--authorization-mode", "RBAC", "--allow-privileged",
		"--service-account-issuer", "https://kubernetes.default.svc", "--service-account-key-file", c.path("serviceaccounts.crt"),
		"--service-account-signing-key-file", c.path("serviceaccounts.key"), "--service-cluster-ip-range", "10.96.0.0/12",
		"--endpoint-reconciler-type", "none")
	c.waitReady()
	// kwok sets a node ready once; on a busy machine its heartbeats come too late to be judged by.
	c.start("kube-controller-manager", "--node-monitor-grace-period", "24h", "--kubeconfig", c.kubeconfig, "--secure-port", "0", "--leader-elect=false",
		"--service-account-private-key-file", c.path("serviceaccounts.key"), "--root-ca-file", c.path("ca.crt"))
	c.start("kube-scheduler", "--kubeconfig", c.kubeconfig, "--secure-port", "0", "--leader-elect=false")
	c.start("kwok", "--kubeconfig", c.kubeconfig, "--manage-all-nodes", "--server-address", freeAddress(t))
	c.installCalicoTypes()
	for _, node := range nodes {
		c.addNode(node)
	}
	return c
}

func (c *controlPlane) path(name string) string { return filepath.Join(c.dir, name) }

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, listener.Close()) }()
	return listener.Addr().String()
}

// start runs a program until the test ends, and shows the end of its log if the test fails.
func (c *controlPlane) start(name string, args ...string) {
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
	c.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = log.Close()
		if text, err := os.ReadFile(log.Name()); err == nil && c.t.Failed() {
			c.t.Logf("the last lines of %s:\n%s", name, tail(string(text), 5))
		}
	})
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

func (c *controlPlane) waitReady() {
	c.t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(c.ca)
	client := &http.Client{
		Timeout:   5 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}},
	}
	require.Eventually(c.t, func() bool {
		// /readyz is open to everybody.
		resp, err := client.Get(c.address + "/readyz")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}, patience, 200*time.Millisecond, "the API server is not ready")
}

// kubectl runs kubectl as the administrator.
func (c *controlPlane) kubectl(stdin string, args ...string) {
	c.t.Helper()
	binary, err := toolchain.Tool(c.t.Context(), "kubectl")
	require.NoError(c.t, err)
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, binary, append([]string{"--kubeconfig", c.kubeconfig}, args...)...)
	cmd.Stdin, cmd.Stderr = strings.NewReader(stdin), &stderr
	require.NoError(c.t, cmd.Run(), "kubectl %s: %s", strings.Join(args, " "), &stderr)
}

// installCalicoTypes installs the custom resource definitions of Calico's manifest, and nothing else of it.
func (c *controlPlane) installCalicoTypes() {
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
	c.kubectl(strings.Join(types, "\n---\n"), "apply", "--server-side", "-f", "-")
	c.kubectl("", "wait", "--for", "condition=Established", "--timeout", "60s", "crd",
		"ippools.crd.projectcalico.org", "bgpconfigurations.crd.projectcalico.org")
}

// addNode registers a node as a kubelet would and waits until it is ready.
func (c *controlPlane) addNode(name string) {
	c.t.Helper()
	c.kubectl(fmt.Sprintf(`{"apiVersion": "v1", "kind": "Node", "metadata": {"name": %[1]q, "labels": {
		"kubernetes.io/hostname": %[1]q, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}}}`, name),
		"create", "-f", "-")
	c.kubectl("", "wait", "--for", "condition=Ready", "--timeout", "60s", "node/"+name)
}

func (c *controlPlane) authority() {
	c.t.Helper()
	var err error
	c.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(c.t, err)
	template := certificate(pkix.Name{CommonName: "test"})
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, c.key.Public(), c.key)
	require.NoError(c.t, err)
	c.ca, err = x509.ParseCertificate(der)
	require.NoError(c.t, err)
	c.writePEM("ca.crt", "CERTIFICATE", der)
}

// pair writes a key and a certificate for it.
func (c *controlPlane) pair(name string, subject pkix.Name) {
	c.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(c.t, err)
	der, err := x509.CreateCertificate(rand.Reader, certificate(subject), c.ca, key.Public(), c.key)
	require.NoError(c.t, err)
	c.writePEM(name+".crt", "CERTIFICATE", der)
	der, err = x509.MarshalPKCS8PrivateKey(key)
	require.NoError(c.t, err)
	c.writePEM(name+".key", "PRIVATE KEY", der)
}

func certificate(subject pkix.Name) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62))
	return &x509.Certificate{
		SerialNumber: serial, Subject: subject,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
}

func (c *controlPlane) writePEM(name, kind string, der []byte) {
	c.t.Helper()
	block := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	require.NoError(c.t, os.WriteFile(c.path(name), block, 0o600))
}

// writeKubeconfig writes a file that holds its keys, as the one from a control plane does.
func (c *controlPlane) writeKubeconfig() {
	c.t.Helper()
	data := func(name string) string {
		body, err := os.ReadFile(c.path(name))
		require.NoError(c.t, err)
		return base64.StdEncoding.EncodeToString(body)
	}
	c.kubeconfig = c.path("kubeconfig")
	require.NoError(c.t, os.WriteFile(c.kubeconfig, fmt.Appendf(nil, `apiVersion: v1
kind: Config
current-context: test
contexts: [{name: test, context: {cluster: test, user: admin}}]
clusters: [{name: test, cluster: {server: %q, certificate-authority-data: %s}}]
users: [{name: admin, user: {client-certificate-data: %s, client-key-data: %s}}]
`, c.address, data("ca.crt"), data("admin.crt"), data("admin.key")), 0o600))
}
