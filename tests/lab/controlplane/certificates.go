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
)

// issue writes the authority, and the pairs of key and certificate that it signs.
func (c *Cluster) issue() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := certificate(pkix.Name{CommonName: "model"})
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	if c.ca, err = x509.ParseCertificate(der); err != nil {
		return err
	}
	if err := c.writePEM("ca.crt", "CERTIFICATE", der); err != nil {
		return err
	}
	for name, subject := range map[string]pkix.Name{
		"apiserver":       {CommonName: "kube-apiserver"},
		"admin":           {CommonName: "admin", Organization: []string{"system:masters"}},
		"serviceaccounts": {CommonName: "service-accounts"},
	} {
		if err := c.pair(name, subject, key); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// pair writes a key and a certificate for it.
func (c *Cluster) pair(name string, subject pkix.Name, authority *ecdsa.PrivateKey) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.CreateCertificate(rand.Reader, certificate(subject), c.ca, key.Public(), authority)
	if err != nil {
		return err
	}
	if err := c.writePEM(name+".crt", "CERTIFICATE", der); err != nil {
		return err
	}
	if der, err = x509.MarshalPKCS8PrivateKey(key); err != nil {
		return err
	}
	return c.writePEM(name+".key", "PRIVATE KEY", der)
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

func (c *Cluster) writePEM(name, kind string, der []byte) error {
	return os.WriteFile(c.path(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}

// writeKubeconfig writes a file that holds its keys, as the one from a control plane does.
func (c *Cluster) writeKubeconfig() error {
	data := map[string]string{}
	for _, name := range []string{"ca.crt", "admin.crt", "admin.key"} {
		body, err := os.ReadFile(c.path(name))
		if err != nil {
			return err
		}
		data[name] = base64.StdEncoding.EncodeToString(body)
	}
	c.Kubeconfig = c.path("kubeconfig")
	return os.WriteFile(c.Kubeconfig, fmt.Appendf(nil, `apiVersion: v1
kind: Config
current-context: model
contexts: [{name: model, context: {cluster: model, user: admin}}]
clusters: [{name: model, cluster: {server: %q, certificate-authority-data: %s}}]
users: [{name: admin, user: {client-certificate-data: %s, client-key-data: %s}}]
`, c.Address, data["ca.crt"], data["admin.crt"], data["admin.key"]), 0o600)
}
