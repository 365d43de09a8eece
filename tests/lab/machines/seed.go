package machines

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

const (
	// seedDir is where cloud-init's NoCloud source looks: https://docs.cloud-init.io/en/latest/reference/datasources/nocloud.html
	seedDir = "/var/lib/cloud/seed/nocloud"
	// firewallPath and resolverPath are read by the image's entry point at every start.
	firewallPath = "/etc/twin/firewall.nft"
	resolverPath = "/etc/twin/resolv.conf"
)

type file struct {
	path string
	mode int64
	data []byte
}

// seed is the archive of what the machine finds on its disk when it boots: what EC2 serves as metadata and user data,
// its rule set and its resolver.
func (m Machine) seed() ([]byte, error) {
	metadata := map[string]any{"instance-id": m.ID, "local-hostname": m.FQDN, "local-ipv4": m.Address.String()}
	if m.PublicKey != "" {
		metadata["public-keys"] = []string{strings.TrimSpace(m.PublicKey)}
	}
	text, err := json.MarshalIndent(metadata, "", "  ") // JSON is YAML
	if err != nil {
		return nil, fmt.Errorf("instance %s: metadata: %w", m.ID, err)
	}
	return archive(
		file{seedDir + "/meta-data", 0o600, append(text, '\n')},
		file{seedDir + "/user-data", 0o600, m.UserData},
		// The network is there before the machine is: cloud-init must not configure it.
		file{"/etc/cloud/cloud.cfg.d/99-twin.cfg", 0o644, []byte("datasource_list: [NoCloud, None]\nnetwork: {config: disabled}\n")},
		file{firewallPath, 0o600, []byte(m.Firewall)},
		file{resolverPath, 0o644, fmt.Appendf(nil, "nameserver %s\n", m.Network.resolver())},
	)
}

// archive packs files for `docker cp - container:/`, with their directories.
func archive(files ...file) ([]byte, error) {
	var buffer bytes.Buffer
	w := tar.NewWriter(&buffer)
	made := map[string]bool{}
	for _, f := range files {
		path := strings.TrimPrefix(f.path, "/")
		for i, c := range path {
			if dir := path[:i+1]; c == '/' && !made[dir] {
				made[dir] = true
				if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir, Mode: 0o755}); err != nil {
					return nil, err
				}
			}
		}
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: path, Mode: f.mode, Size: int64(len(f.data))}); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return buffer.Bytes(), err
}
