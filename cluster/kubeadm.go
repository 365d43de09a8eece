package cluster

import (
	"bytes"
	"fmt"
	"maps"
	"strings"

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
		Etcd                 *etcd      `json:"etcd,omitempty"`
		APIServer            apiServer  `json:"apiServer"`
		ControllerManager    component  `json:"controllerManager"`
		Scheduler            component  `json:"scheduler"`
	}
	etcd struct {
		Local localEtcd `json:"local"`
	}
	localEtcd struct {
		ExtraArgs []argument `json:"extraArgs"`
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
			Etcd:                 a.etcd(),
			APIServer:            apiServer{component: server, CertSANs: names},
			ControllerManager:    a.controllerManager(),
			Scheduler:            component{ExtraArgs: []argument{noProfiling}},
		},
		a.kubeletConfiguration(),
		a.kubeProxyConfiguration(),
	)
}

// controllerManager is how the controller manager runs.
func (a *Args) controllerManager() component {
	manager := component{ExtraArgs: []argument{
		// Calico hands out pod addresses; a second allocation in Node.spec.podCIDR would only mislead.
		{"allocate-node-cidrs", "false"}, noProfiling,
		// By default 12,500 pods that have ended are kept, which nodes of this size never see the end of.
		{"terminated-pod-gc-threshold", "1000"},
	}}
	if a.NodeMonitorGracePeriod != 0 {
		manager.ExtraArgs = append(manager.ExtraArgs, argument{"node-monitor-grace-period", a.NodeMonitorGracePeriod.String()})
	}
	return manager
}

// etcd is how etcd runs: with metrics for who watches the platform, without what is in it. kubeadm asks the first of these addresses whether
// it is well.
func (a *Args) etcd() *etcd {
	if !a.Monitoring {
		return nil
	}
	urls := fmt.Sprintf("http://127.0.0.1:%d,http://%s:%d", etcdMetricsPort, a.controlPlane().PrivateIP, etcdMetricsPort)
	return &etcd{localEtcd{[]argument{{"listen-metrics-urls", urls}}}}
}

// noProfiling closes the pages under /debug/pprof, which show what a process does and which nobody here reads.
var noProfiling = argument{"profiling", "false"}

// cipherSuites are those of TLS 1.2 that keep what was said also from who gets the key later, and show that nobody changed it; TLS 1.3
// has no others. https://www.cisecurity.org/benchmark/kubernetes
var cipherSuites = []string{
	"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
	"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
}

// apiServer is how the API server runs: it insists on who a kubelet is, encrypts Secrets with the key that init.sh drew,
// whose file it reads again when that changes, takes the word of the OIDC issuer, and writes down who asked for what.
func (a *Args) apiServer() (component, error) {
	server := component{ExtraArgs: []argument{
		noProfiling,
		// The first is kubeadm's own. The second refuses Services with externalIPs, by which whoever may make one takes
		// traffic of others. https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/
		{"enable-admission-plugins", "NodeRestriction,DenyServiceExternalIPs"},
		// A pod's token is good for the hour that it says, not for a year as for programs that never read it again.
		{"service-account-extend-token-expiration", "false"},
		{"tls-cipher-suites", strings.Join(cipherSuites, ",")},
		{"kubelet-certificate-authority", authorityFile},
		{"encryption-provider-config", secretsKeyFile},
		{"encryption-provider-config-automatic-reload", "true"},
	}}
	server.ExtraArgs = append(server.ExtraArgs, a.OIDC.arguments()...)
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

// How often a kubelet reports, and how often it does where nothing has changed: where only the first is set, as often.
// https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/
const (
	reportFrequency    = "nodeStatusUpdateFrequency"
	unchangedFrequency = "nodeStatusReportFrequency"
)

// kubeletConfiguration is the user's settings and what the bootstrap needs; kubeadm adds the rest.
func (a *Args) kubeletConfiguration() map[string]any {
	configuration := map[string]any{
		// A pod that names no seccomp profile gets the runtime's.
		"seccompDefault": true,
		// A pod that makes processes without end is stopped before its node is.
		"podPidsLimit":    4096,
		"tlsCipherSuites": cipherSuites,
	}
	if a.NodeMonitorGracePeriod != 0 {
		configuration[reportFrequency] = (a.NodeMonitorGracePeriod / 4).String()
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
