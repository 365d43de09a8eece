package rules

import (
	"maps"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"ecommerce-platform/policy/model"
)

func poolsWithoutTunnel(j *judge) {
	for _, p := range j.of(model.PoolType) {
		for _, mode := range []string{"ipipMode", "vxlanMode"} {
			// Never is Calico's default.
			if value, known := j.text(p, "spec."+mode); known && value != "" && value != "Never" {
				j.fail(p, "pool %s has %s %s", p.Name, mode, value)
			}
		}
	}
}

func poolsInsidePodCIDR(j *judge) {
	pods := j.fact("podCidr")
	if len(pods) == 0 {
		return // what hands out no pools, or has no cluster
	}
	cidr := pods[0].block
	for _, p := range j.of(model.PoolType) {
		if block, known := j.block(p, "spec.cidr"); known &&
			(!cidr.Contains(block.Addr()) || block.Bits() < cidr.Bits()) {
			j.fail(p, "pool %s hands out %s, outside podCidr %s", p.Name, block, cidr)
		}
	}
}

func hostKeyPinned(j *judge) {
	for _, c := range j.of(remoteTypes...) {
		for _, path := range []string{"connection", "connection.proxy"} {
			if path != "connection" && !c.Has(path) {
				continue
			}
			if j.withheld(c, path+".hostKey") {
				continue // any text is a key that the machine has to have
			}
			key, known := j.text(c, path+".hostKey")
			if !known {
				continue
			}
			if key == "" {
				j.fail(c, "%s of %s believes whatever machine answers", path, c.Name)
			} else if _, _, _, _, err := ssh.ParseAuthorizedKey([]byte(strings.TrimSpace(key))); err != nil {
				j.fail(c, "%s.hostKey of %s is not an SSH public key", path, c.Name)
			}
		}
	}
}

// remoteTypes run over SSH.
var remoteTypes = []string{
	"command:remote:Command", "command:remote:CopyFile", "command:remote:CopyToRemote",
}

// noSecretInCommand looks at what a node's process list and a failed run's error show.
func noSecretInCommand(j *judge) {
	for _, c := range j.of(model.CommandType, "command:local:Command") {
		for _, path := range append([]string{"create", "update", "delete"}, variablesOf(c)...) {
			if c.Secret(path) {
				j.fail(c, "%s of %s holds a value that the program keeps secret", path, c.Name)
				continue
			}
			text, known := j.text(c, path)
			if !known {
				continue
			}
			name := path[strings.LastIndex(path, ".")+1:]
			if kind := secretIn(text); kind != "" {
				j.fail(c, "%s of %s holds %s", path, c.Name, kind)
			} else if strings.Contains(path, ".") && holdsSecret(name, text) {
				j.fail(c, "%s of %s holds a secret by its name", path, c.Name)
			}
		}
	}
}

// variablesOf is the paths of a command's variables.
func variablesOf(c *model.Resource) []string {
	variables, known := c.Map("environment")
	paths := c.UnknownBelow("environment")
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		paths = append(paths, "environment."+name)
	}
	if known && len(paths) == 0 && c.Secret("environment") {
		paths = append(paths, "environment")
	}
	return paths
}
