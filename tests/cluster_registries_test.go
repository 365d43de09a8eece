package tests

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/cluster"
	"ecommerce-platform/tests/pulumitest"
)

// clusterCertificate is a registry's own authority, and the key that must never be beside it.
func clusterCertificate(t *testing.T) (certificate, privateKey string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
}

func TestClusterTrustsRegistriesByTheirOwnCertificates(t *testing.T) {
	certificate, _ := clusterCertificate(t)
	args := clusterArgs()
	args.RegistryCAs = map[string]string{"registry.example.com:5000": certificate}
	rec := clusterRun(t, args)
	for _, node := range []string{"control-plane", "worker-node-1"} {
		files := clusterUpload(t, rec.Get(t, clusterCommand, "shop-"+node+"-files"))
		assert.Equal(t, certificate, files["etc/registry.example.com:5000.ca.crt"])
		pulumitest.Golden(t, "cluster/trusted-hosts.toml", files["etc/registry.example.com:5000.hosts.toml"])
		assert.Contains(t, clusterLine(rec.Get(t, clusterCommand, "shop-"+node+"-prepare")), "TRUSTED='registry.example.com:5000'")
	}

	t.Run("the mirror's too", func(t *testing.T) {
		args.Mirrors.Images = "https://registry.example.com:5000"
		hosts := clusterUpload(t, clusterRun(t, args).Get(t, clusterCommand, "shop-worker-node-1-files"))["etc/hosts.toml"]
		assert.Contains(t, hosts, `ca = "/etc/containerd/certs.d/registry.example.com:5000/ca.crt"`)
	})
	t.Run("without any, nodes are as before", func(t *testing.T) {
		assert.NotContains(t, clusterLine(clusterRun(t, clusterArgs()).Get(t, clusterCommand, "shop-worker-node-1-prepare")), "TRUSTED")
	})
}

func TestClusterRefusesRegistries(t *testing.T) {
	certificate, key := clusterCertificate(t)
	const notPEM = `registries[registry.example.com].caCertificate <set>: not certificates in PEM, which begin with -----BEGIN CERTIFICATE-----`
	for name, c := range map[string]struct {
		host, certificate, want string
	}{
		"a host that is none":     {"../x", certificate, `registries "../x": not the host of a registry, such as registry.example.com:5000`},
		"no certificate":          {"registry.example.com", "x", notPEM},
		"a certificate cut short": {"registry.example.com", certificate[:200], notPEM},
		"a key beside it":         {"registry.example.com", certificate + key, notPEM},
		"a mirrored registry":     {"quay.io", certificate, `registries[quay.io].caCertificate <set>: nobody asks this registry, since mirrors.images stands for it`},
	} {
		t.Run(name, func(t *testing.T) {
			args := clusterArgs()
			args.Mirrors = cluster.Mirrors{Images: "https://mirror.example.com"}
			args.RegistryCAs = map[string]string{c.host: c.certificate}
			problems := args.Validate()
			require.Len(t, problems, 1, "%v", problems)
			assert.EqualError(t, problems[0], c.want)
		})
	}
}
