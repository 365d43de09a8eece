package cluster

import (
	"fmt"
	"maps"
	"net/netip"
	"path"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"k8s.io/apimachinery/pkg/util/validation"

	"ecommerce-platform/infra/boundary"
)

var taintEffects = []string{"NoSchedule", "PreferNoSchedule", "NoExecute"}

func (p *problems) nodes(a *Args) {
	names, addresses := map[string]int{}, map[string]int{}
	controlPlanes := 0
	for i, node := range a.Nodes {
		key := fmt.Sprintf("nodes[%d]", i)
		if len(validation.IsDNS1123Label(node.Name)) > 0 {
			p.Addf("%s.name %q: not a DNS label", key, node.Name)
		} else if first, ok := names[node.Name]; ok {
			p.Addf("%s.name %q: duplicate of nodes[%d].name", key, node.Name, first)
		} else {
			names[node.Name] = i
		}
		switch node.Role {
		case boundary.ControlPlane:
			controlPlanes++
		case boundary.Worker:
		default:
			p.Addf("%s.role %q: must be control-plane or worker", key, node.Role)
		}
		if address, err := netip.ParseAddr(node.PrivateIP); err != nil || !address.Is4() {
			p.Addf("%s.privateIp %q: not an IPv4 address", key, node.PrivateIP)
		} else if first, ok := addresses[node.PrivateIP]; ok {
			p.Addf("%s.privateIp %q: duplicate of nodes[%d].privateIp", key, node.PrivateIP, first)
		} else {
			addresses[node.PrivateIP] = i
		}
		if node.Address == nil {
			p.Addf("%s.address <unset>: required, where SSH is reached", key)
		}
		if _, _, _, _, err := ssh.ParseAuthorizedKey([]byte(node.HostPublicKey)); err != nil {
			p.Addf("%s.hostPublicKey %q: not a public key in authorized_keys form", key, node.HostPublicKey)
		}
		p.labels(key, node)
		p.volumes(key, node)
		p.taints(key, node)
	}
	switch controlPlanes {
	case 0:
		p.Addf("nodes (0 with role control-plane): exactly one control plane is required")
	case 1:
	default:
		p.Addf("nodes (%d with role control-plane): exactly one control plane is offered yet", controlPlanes)
	}
}

func (p *problems) volumes(key string, node Node) {
	for i, volume := range node.Volumes {
		directory := volume.Directory
		if !path.IsAbs(directory) || path.Clean(directory) != directory || directory == "/" || !safePath.MatchString(directory) {
			p.Addf("%s.volumes[%d].directory %q: not the plain absolute path of a directory", key, i, directory)
		}
		if volume.GiB < 1 {
			p.Addf("%s.volumes[%d].giB %d: must be at least 1", key, i, volume.GiB)
		}
	}
}

func (p *problems) labels(key string, node Node) {
	for _, name := range slices.Sorted(maps.Keys(node.Labels)) {
		at, value := fmt.Sprintf("%s.labels[%s]", key, name), node.Labels[name]
		if why := validation.IsQualifiedName(name); len(why) > 0 {
			p.Addf("%s %q: the key is not a label key: %s", at, value, strings.Join(why, "; "))
		} else if reservedKey(name) {
			p.Addf("%s %q: kubernetes.io and k8s.io keys belong to Kubernetes", at, value)
		}
		if why := validation.IsValidLabelValue(value); len(why) > 0 {
			p.Addf("%s %q: not a label value: %s", at, value, strings.Join(why, "; "))
		}
	}
}

func (p *problems) taints(key string, node Node) {
	seen := map[string]int{}
	for j, taint := range node.Taints {
		at := fmt.Sprintf("%s.taints[%d]", key, j)
		if why := validation.IsQualifiedName(taint.Key); len(why) > 0 {
			p.Addf("%s.key %q: not a taint key: %s", at, taint.Key, strings.Join(why, "; "))
		} else if reservedKey(taint.Key) {
			p.Addf("%s.key %q: kubernetes.io and k8s.io keys belong to Kubernetes", at, taint.Key)
		}
		if why := validation.IsValidLabelValue(taint.Value); len(why) > 0 {
			p.Addf("%s.value %q: not a taint value: %s", at, taint.Value, strings.Join(why, "; "))
		}
		if !slices.Contains(taintEffects, taint.Effect) {
			p.Addf("%s.effect %q: must be %s", at, taint.Effect, strings.Join(taintEffects, ", "))
		}
		// The API server takes one taint per key and effect.
		id := taint.Key + ":" + taint.Effect
		if first, ok := seen[id]; ok {
			p.Addf("%s.key %q: duplicate of %s.taints[%d].key with the same effect", at, taint.Key, key, first)
		} else {
			seen[id] = j
		}
	}
}

// reservedKey tells a label or taint key below one of Kubernetes' own domains: the node-role
// labels, the host name and the like, which others than the user set.
func reservedKey(key string) bool {
	domain, _, found := strings.Cut(key, "/")
	if !found {
		return false
	}
	for _, reserved := range []string{"kubernetes.io", "k8s.io"} {
		if domain == reserved || strings.HasSuffix(domain, "."+reserved) {
			return true
		}
	}
	return false
}
