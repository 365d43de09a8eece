package rules

import (
	"strings"

	"github.com/blang/semver"
	"golang.org/x/crypto/ssh"
)

func poolsWithoutTunnel(j *judge) {
	for _, p := range j.pools() {
		for _, mode := range []string{"ipipMode", "vxlanMode"} {
			// Never is Calico's default.
			if value, known := j.text(p.Resource, "spec."+mode); known && value != "" && value != "Never" {
				j.fail(p.Resource, "pool %s has %s %s", p.name, mode, value)
			}
		}
	}
}

func poolsInsidePodCIDR(j *judge) {
	cidr, known := j.podCIDR()
	if !known {
		return
	}
	for _, p := range j.pools() {
		if block, known := j.block(p.Resource, "spec.cidr"); known &&
			(!cidr.Contains(block.Addr()) || block.Bits() < cidr.Bits()) {
			j.fail(p.Resource, "pool %s hands out %s, outside podCidr %s", p.name, block, cidr)
		}
	}
}

func hostKeyPinned(j *judge) {
	for _, c := range j.resources(remoteTypes...) {
		for _, path := range []string{"connection", "connection.proxy"} {
			if path != "connection" && !j.present(c.Resource, path) {
				continue
			}
			key, known := j.text(c.Resource, path+".hostKey")
			if !known {
				continue
			}
			if key == "" {
				j.fail(c.Resource, "%s of %s believes whatever machine answers", path, c.name)
			} else if _, _, _, _, err := ssh.ParseAuthorizedKey([]byte(strings.TrimSpace(key))); err != nil {
				j.fail(c.Resource, "%s.hostKey of %s is not an SSH public key", path, c.name)
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
	for _, c := range j.resources("command:remote:Command", "command:local:Command") {
		for _, path := range append([]string{"create", "update", "delete"}, j.keys(c.Resource, "environment")...) {
			if j.secret(c.Resource, path) {
				j.fail(c.Resource, "%s of %s holds a value that the program keeps secret", path, c.name)
				continue
			}
			text, known := j.text(c.Resource, path)
			if !known {
				continue
			}
			name := path[strings.LastIndex(path, ".")+1:]
			if kind := secretIn(text); kind != "" {
				j.fail(c.Resource, "%s of %s holds %s", path, c.name, kind)
			} else if strings.Contains(path, ".") && namesSecret(name) && literal(text) {
				j.fail(c.Resource, "%s of %s holds a secret by its name", path, c.name)
			}
		}
	}
}

func versionSkew(j *judge) {
	server, known := j.serverVersion()
	if !known {
		return
	}
	for _, k := range j.kubelets() {
		if problem := skewed(server, k.version); problem != "" {
			j.fail(k.Resource, "%s: %s", k.node, problem)
		}
	}
}

func calicoTestedWith(j *judge) {
	server, known := j.serverVersion()
	calico, also := j.calicoVersion()
	if !known || !also {
		return
	}
	tested, listed := calicoTested[minorOf(calico.version)]
	switch {
	case !listed:
		j.fail(calico.Resource, "nobody is known to have tested Calico %s with Kubernetes %s", calico.version, server)
	case server.Minor < tested.oldest || server.Minor > tested.newest:
		j.fail(calico.Resource, "Calico %s is tested with Kubernetes 1.%d to 1.%d, not with %s",
			calico.version, tested.oldest, tested.newest, server)
	}
}

func minorOf(v semver.Version) string {
	return v.String()[:strings.LastIndex(v.FinalizeVersion(), ".")]
}
