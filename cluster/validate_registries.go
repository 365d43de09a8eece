package cluster

import (
	"crypto/x509"
	"encoding/pem"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// registryName is a host and a port as an image's name holds them, and as a file's name may.
var registryName = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$`)

func (p *problems) registries(a *Args) {
	for _, host := range slices.Sorted(maps.Keys(a.RegistryCAs)) {
		switch {
		case !registryName.MatchString(host):
			p.Addf("registries %q: not the host of a registry, such as registry.example.com:5000", host)
		case a.Mirrors.Images != "" && slices.Contains(a.mirroredRegistries(), host):
			p.Addf("registries[%s].caCertificate <set>: nobody asks this registry, since mirrors.images stands for it", host)
		case !areCertificates(a.RegistryCAs[host]):
			p.Addf("registries[%s].caCertificate <set>: not certificates in PEM, which begin with -----BEGIN CERTIFICATE-----", host)
		}
	}
}

// areCertificates tells whether text is certificates in PEM, at least one and no key.
func areCertificates(text string) bool {
	rest := []byte(strings.TrimSpace(text))
	for len(rest) > 0 {
		block, after := pem.Decode(rest)
		if block == nil || block.Type != "CERTIFICATE" {
			return false
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return false
		}
		rest = after
	}
	return strings.TrimSpace(text) != ""
}
