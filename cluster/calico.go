package cluster

import (
	"fmt"

	"sigs.k8s.io/yaml"
)

const (
	publicManifests = "https://raw.githubusercontent.com/projectcalico/calico/v%s/manifests/calico.yaml"
	calicoManifest  = "calico.yaml"
	poolName        = "default-ipv4-ippool"
	// calicoAS is Calico's own default for a full mesh, a number for private use.
	calicoAS = 64512
)

// Reference: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/
type (
	kustomization struct {
		typeMeta
		Resources []string `json:"resources"`
		Patches   []patch  `json:"patches"`
	}
	patch struct {
		Patch string `json:"patch"`
	}
	object struct {
		typeMeta
		Metadata objectMeta        `json:"metadata"`
		Data     map[string]string `json:"data,omitempty"`
		Spec     any               `json:"spec,omitempty"`
	}
	objectMeta struct {
		Name      string            `json:"name"`
		Namespace string            `json:"namespace,omitempty"`
		Labels    map[string]string `json:"labels,omitempty"`
	}
	podController struct {
		Template podTemplate `json:"template"`
	}
	podTemplate struct {
		Spec podContainers `json:"spec"`
	}
	podContainers struct {
		Containers []containerPatch `json:"containers"`
	}
	containerPatch struct {
		Name string     `json:"name"`
		Env  []argument `json:"env"`
	}
)

// calicoEnvironment turns the manifest's overlay network into native routing by BGP.
// Reference: https://docs.tigera.io/calico/latest/reference/configure-calico-node
var calicoEnvironment = []argument{
	// The pool is a resource of this program; these variables act at the first start only.
	{"NO_DEFAULT_POOLS", "true"},
	{"CALICO_IPV4POOL_IPIP", "Never"},
	{"CALICO_IPV4POOL_VXLAN", "Never"},
	{"FELIX_IPINIPENABLED", "false"},
	{"FELIX_VXLANENABLED", "false"},
	// The kubelet's node-ip: interfaces are named differently on every kind of machine.
	{"IP_AUTODETECTION_METHOD", "kubernetes-internal-ip"},
}

func (a *Args) calicoURL() string {
	if a.Mirrors.Manifests != "" {
		return fmt.Sprintf("%s/calico/v%s/%s", a.Mirrors.Manifests, a.CalicoVersion, calicoManifest)
	}
	return fmt.Sprintf(publicManifests, a.CalicoVersion)
}

// kustomizationYAML patches the manifest beside it.
func (a *Args) kustomizationYAML() (string, error) {
	k := kustomization{
		typeMeta:  typeMeta{"kustomize.config.k8s.io/v1beta1", "Kustomization"},
		Resources: []string{calicoManifest},
	}
	for _, target := range []object{
		{
			typeMeta: typeMeta{"v1", "ConfigMap"},
			Metadata: objectMeta{Name: "calico-config", Namespace: "kube-system"},
			Data:     map[string]string{"calico_backend": "bird"},
		},
		{
			typeMeta: typeMeta{"apps/v1", "DaemonSet"},
			Metadata: objectMeta{Name: "calico-node", Namespace: "kube-system"},
			Spec: podController{Template: podTemplate{Spec: podContainers{
				Containers: []containerPatch{{Name: "calico-node", Env: calicoEnvironment}},
			}}},
		},
	} {
		document, err := yaml.Marshal(target)
		if err != nil {
			return "", fmt.Errorf("marshal patch of %s: %w", target.Metadata.Name, err)
		}
		k.Patches = append(k.Patches, patch{Patch: string(document)})
	}
	return documents(k)
}

// poolSpec is the pool that every pod address comes from.
// Reference: https://docs.tigera.io/calico/latest/reference/resources/ippool
func (a *Args) poolSpec() map[string]any {
	return map[string]any{
		"cidr":         a.PodCidr,
		"blockSize":    blockBits,
		"ipipMode":     "Never",
		"vxlanMode":    "Never",
		"natOutgoing":  true,
		"nodeSelector": "all()",
		// What Calico's own tools write where nothing is said.
		"allowedUses": []string{"Workload", "Tunnel"},
	}
}

// bgpSpec makes every node a peer of every other one.
// Reference: https://docs.tigera.io/calico/latest/reference/resources/bgpconfig
func bgpSpec() map[string]any {
	return map[string]any{
		"asNumber":              calicoAS,
		"logSeverityScreen":     "Info",
		"nodeToNodeMeshEnabled": true,
	}
}
