package cluster

import (
	"bytes"
	"fmt"
	"maps"

	"sigs.k8s.io/yaml"

	"ecommerce-platform/cluster/versions"
)

const (
	apiPort       = 6443
	kubeadmAPI    = "kubeadm.k8s.io/v1beta4"
	criSocket     = "unix:///run/containerd/containerd.sock"
	discoveryFile = "/var/lib/platform/join/discovery.conf"
	// authorityFile is the cluster's authority, which signs what kubelets serve.
	authorityFile = "/etc/kubernetes/pki/ca.crt"
	// secretsKeyFile lies among the authorities, which the API server sees and every backup holds.
	secretsKeyFile = "/etc/kubernetes/pki/secrets-encryption.yaml"
)

// The parts of kubeadm's configuration that differ from its defaults.
// Reference: https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/
type (
	typeMeta struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	initConfiguration struct {
		typeMeta
		LocalAPIEndpoint apiEndpoint      `json:"localAPIEndpoint"`
		NodeRegistration nodeRegistration `json:"nodeRegistration"`
		BootstrapTokens  []bootstrapToken `json:"bootstrapTokens"`
		Patches          patches          `json:"patches"`
	}
	apiEndpoint struct {
		AdvertiseAddress string `json:"advertiseAddress"`
		BindPort         int    `json:"bindPort"`
	}
	patches struct {
		Directory string `json:"directory"`
	}
	bootstrapToken struct {
		TTL string `json:"ttl"`
	}
	nodeRegistration struct {
		Name                  string     `json:"name"`
		CRISocket             string     `json:"criSocket"`
		KubeletExtraArgs      []argument `json:"kubeletExtraArgs"`
		IgnorePreflightErrors []string   `json:"ignorePreflightErrors,omitempty"`
	}
	argument struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	clusterConfiguration struct {
		typeMeta
		KubernetesVersion    string     `json:"kubernetesVersion"`
		ControlPlaneEndpoint string     `json:"controlPlaneEndpoint"`
		Networking           networking `json:"networking"`
		APIServer            apiServer  `json:"apiServer"`
		ControllerManager    component  `json:"controllerManager"`
		Scheduler            component  `json:"scheduler"`
	}
	networking struct {
		PodSubnet     string `json:"podSubnet"`
		ServiceSubnet string `json:"serviceSubnet"`
	}
	apiServer struct {
		component
		CertSANs []string `json:"certSANs"`
	}
	component struct {
		ExtraArgs    []argument      `json:"extraArgs"`
		ExtraVolumes []hostPathMount `json:"extraVolumes,omitempty"`
	}
	hostPathMount struct {
		Name      string `json:"name"`
		HostPath  string `json:"hostPath"`
		MountPath string `json:"mountPath"`
		ReadOnly  bool   `json:"readOnly,omitempty"`
		PathType  string `json:"pathType"`
	}
	joinConfiguration struct {
		typeMeta
		Discovery        discovery        `json:"discovery"`
		NodeRegistration nodeRegistration `json:"nodeRegistration"`
	}
	discovery struct {
		File discoveryByFile `json:"file"`
	}
	discoveryByFile struct {
		KubeConfigPath string `json:"kubeConfigPath"`
	}
)

// endpoint is where the nodes reach the API server. It is set from the first day, because a
// cluster without one can never be given a second control plane.
func (a *Args) endpoint() string {
	return fmt.Sprintf("%s:%d", a.controlPlane().PrivateIP, apiPort)
}

// initYAML returns what kubeadm init reads; address is where the API server is reached from outside.
func (a *Args) initYAML(address string) (string, error) {
	node := a.controlPlane()
	names := []string{node.PrivateIP}
	if address != node.PrivateIP {
		names = append(names, address)
	}
	server, err := a.apiServer()
	if err != nil {
		return "", err
	}
	return documents(
		initConfiguration{
			typeMeta:         typeMeta{kubeadmAPI, "InitConfiguration"},
			LocalAPIEndpoint: apiEndpoint{node.PrivateIP, apiPort},
			NodeRegistration: a.registration(node),
			// Nobody joins by token. kubeadm makes one all the same, so it gets the shortest useful
			// life; init.sh deletes it without waiting for that.
			BootstrapTokens: []bootstrapToken{{TTL: "5m0s"}},
			Patches:         patches{patchesDirectory},
		},
		clusterConfiguration{
			typeMeta:             typeMeta{kubeadmAPI, "ClusterConfiguration"},
			KubernetesVersion:    "v" + a.KubernetesVersion,
			ControlPlaneEndpoint: a.endpoint(),
			Networking:           networking{PodSubnet: a.PodCidr, ServiceSubnet: a.ServiceCidr},
			APIServer:            apiServer{component: server, CertSANs: names},
			// Calico hands out pod addresses; a second allocation in Node.spec.podCIDR would only mislead.
			ControllerManager: component{ExtraArgs: []argument{{"allocate-node-cidrs", "false"}, noProfiling}},
			Scheduler:         component{ExtraArgs: []argument{noProfiling}},
		},
		a.kubeletConfiguration(),
		a.kubeProxyConfiguration(),
	)
}

// noProfiling closes the pages under /debug/pprof, which show what a process does and which nobody here reads.
var noProfiling = argument{"profiling", "false"}

// apiServer is how the API server runs: it insists on who a kubelet is, encrypts Secrets with the key that init.sh drew,
// whose file it reads again when that changes, and writes down who asked for what.
func (a *Args) apiServer() (component, error) {
	server := component{ExtraArgs: []argument{
		noProfiling,
		{"kubelet-certificate-authority", authorityFile},
		{"encryption-provider-config", secretsKeyFile},
		{"encryption-provider-config-automatic-reload", "true"},
	}}
	if !a.AuditLog.on() {
		return server, nil
	}
	audit, err := a.AuditLog.arguments()
	server.ExtraArgs = append(server.ExtraArgs, audit...)
	server.ExtraVolumes = auditVolumes
	return server, err
}

// joinYAML returns what kubeadm join reads on a worker.
func (a *Args) joinYAML(node Node) (string, error) {
	return documents(joinConfiguration{
		typeMeta:         typeMeta{kubeadmAPI, "JoinConfiguration"},
		Discovery:        discovery{File: discoveryByFile{KubeConfigPath: discoveryFile}},
		NodeRegistration: a.registration(node),
	})
}

func (a *Args) registration(node Node) nodeRegistration {
	return nodeRegistration{
		Name:      node.Name,
		CRISocket: criSocket,
		KubeletExtraArgs: []argument{
			// Without it the kubelet picks the address of the default route.
			{"node-ip", node.PrivateIP},
			// Without it the kubelet asks for a Node of the machine's name, which is AWS's until cloud-init has given it this
			// one: kubeadm leaves it out where both are the same at the moment.
			{"hostname-override", node.Name},
		},
		IgnorePreflightErrors: a.IgnorePreflightErrors,
	}
}

// kubeletConfiguration is the user's settings and what the bootstrap needs; kubeadm adds the rest.
func (a *Args) kubeletConfiguration() map[string]any {
	configuration := map[string]any{
		// A pod that names no seccomp profile gets the runtime's.
		"seccompDefault": true,
	}
	maps.Copy(configuration, a.Kubelet)
	maps.Copy(configuration, map[string]any{
		"apiVersion":   "kubelet.config.k8s.io/v1beta1",
		"kind":         "KubeletConfiguration",
		"cgroupDriver": "systemd",
	})
	return configuration
}

// kubeProxyConfiguration is the user's settings over the mode that the tests cover.
func (a *Args) kubeProxyConfiguration() map[string]any {
	configuration := map[string]any{"mode": "iptables"}
	maps.Copy(configuration, a.KubeProxy)
	maps.Copy(configuration, map[string]any{"apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration"})
	return configuration
}

// keepsSwap tells that the kubelet is configured to live with swap, which then stays as it is.
func (a *Args) keepsSwap() bool {
	fails, ok := a.Kubelet["failSwapOn"].(bool)
	return ok && !fails
}

// documents marshals values as one stream of YAML documents.
func documents(values ...any) (string, error) {
	var out bytes.Buffer
	for i, value := range values {
		document, err := yaml.Marshal(value)
		if err != nil {
			return "", fmt.Errorf("marshal %T: %w", value, err)
		}
		if i > 0 {
			out.WriteString("---\n")
		}
		out.Write(document)
	}
	return out.String(), nil
}

// pauseImage is the one that kubeadm of this minor asks for.
func (a *Args) pauseImage() string {
	return "registry.k8s.io/pause:" + versions.All.Kubernetes.Of(versions.Minor(a.KubernetesVersion)).Pause
}
