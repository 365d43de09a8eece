package infra

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"sigs.k8s.io/yaml"
)

// cloudConfig is the part of cloud-init's configuration that the nodes use, the same in cloud-init 22.4 and 25.1. It sets
// who the node is and who may log in; everything else is installed over SSH, where a failure is seen.
// https://cloudinit.readthedocs.io/en/latest/reference/modules.html
type cloudConfig struct {
	Hostname         string `json:"hostname"`
	PreserveHostname bool   `json:"preserve_hostname"`
	// ManageEtcHosts "localhost" keeps a line in /etc/hosts with which the host name resolves, and no other line of it.
	ManageEtcHosts string `json:"manage_etc_hosts"`
	// SSHDeleteKeys removes the host keys that came with the image.
	SSHDeleteKeys     bool     `json:"ssh_deletekeys"`
	SSHKeys           hostKeys `json:"ssh_keys"`
	SSHAuthorizedKeys []string `json:"ssh_authorized_keys"`
	SSHPasswordAuth   bool     `json:"ssh_pwauth"`
	DisableRoot       bool     `json:"disable_root"`
}

// hostKeys are the SSH host keys; naming one kind makes cloud-init generate no other.
type hostKeys struct {
	Private string `json:"ed25519_private"`
	Public  string `json:"ed25519_public"`
}

// userData is secret as a whole, since it holds the private host key.
func userData(node Node, authorizedKeys []string) pulumi.StringOutput {
	return pulumi.ToSecret(node.HostKey.ToStringOutput()).(pulumi.StringOutput).ApplyT(func(hostKey string) (string, error) {
		return renderUserData(node, hostKey, authorizedKeys)
	}).(pulumi.StringOutput)
}

func renderUserData(node Node, hostKey string, authorizedKeys []string) (string, error) {
	document, err := yaml.Marshal(cloudConfig{
		Hostname:          node.Name,
		ManageEtcHosts:    "localhost",
		SSHDeleteKeys:     true,
		SSHKeys:           hostKeys{Private: hostKey, Public: node.HostPublicKey},
		SSHAuthorizedKeys: authorizedKeys,
		DisableRoot:       true,
	})
	if err != nil {
		return "", fmt.Errorf("user data of %s: %w", node.Name, err)
	}
	return "#cloud-config\n" + string(document), nil
}
