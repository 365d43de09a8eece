package controlplane

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"

	"github.com/stretchr/testify/require"
)

func (c *Cluster) authority() {
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
func (c *Cluster) pair(name string, subject pkix.Name) {
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

func (c *Cluster) writePEM(name, kind string, der []byte) {
	c.t.Helper()
	block := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	require.NoError(c.t, os.WriteFile(c.path(name), block, 0o600))
}

// writeKubeconfig writes a file that holds its keys, as the one from a control plane does.
func (c *Cluster) writeKubeconfig() {
	c.t.Helper()
	data := func(name string) string {
		body, err := os.ReadFile(c.path(name))
		require.NoError(c.t, err)
		return base64.StdEncoding.EncodeToString(body)
	}
	c.Kubeconfig = c.path("kubeconfig")
	require.NoError(c.t, os.WriteFile(c.Kubeconfig, fmt.Appendf(nil, `apiVersion: v1
kind: Config
current-context: test
contexts: [{name: test, context: {cluster: test, user: admin}}]
clusters: [{name: test, cluster: {server: %q, certificate-authority-data: %s}}]
users: [{name: admin, user: {client-certificate-data: %s, client-key-data: %s}}]
`, c.Address, data("ca.crt"), data("admin.crt"), data("admin.key")), 0o600))
}
