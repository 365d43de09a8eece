package workloads

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// backendPort is that of the Service; the container's is the user's to choose.
const backendPort = 8080

// deployBackend deploys the API: the user's, or nginx that answers with the name of its pod.
func (to *target) deployBackend(postgres, redis *endpoint) (*endpoint, error) {
	backend := to.args.Backend.application(backendName)
	backend.component = "api"
	backend.metricsPort = to.args.Backend.MetricsPort
	backend.affinity = backendAffinity()
	backend.env = append(backend.env,
		podField("POD_NAME", "metadata.name"), podField("POD_IP", "status.podIP"), podField("NODE_NAME", "spec.nodeName"))
	backend.env = append(backend.env, dependencies(postgres, redis)...)
	backend.after = []pulumi.Resource{postgres.secret}
	backend.reads = to.passwordDigest()
	if backend.isNginx() {
		template, err := to.configMap(backend, "nginx", map[string]string{
			"default.conf.template": backendTemplate(),
		})
		if err != nil {
			return nil, err
		}
		backend.configureNginx(template, "^(POD_|NODE_|PORT$)")
	}
	if err := to.complete(backend, to.args.Backend.Application); err != nil {
		return nil, err
	}
	return to.deploy(backend, serviceArgs{port: backendPort})
}

// backendAffinity repeats the node selector and prefers fast disks, both as the architecture has them.
func backendAffinity() corev1.AffinityArgs {
	fast := nodeIn("storage", "ssd")
	return corev1.AffinityArgs{NodeAffinity: corev1.NodeAffinityArgs{
		RequiredDuringSchedulingIgnoredDuringExecution: corev1.NodeSelectorArgs{
			NodeSelectorTerms: corev1.NodeSelectorTermArray{nodeIn(tierKey, placementOf(backendName).label)},
		},
		PreferredDuringSchedulingIgnoredDuringExecution: corev1.PreferredSchedulingTermArray{
			corev1.PreferredSchedulingTermArgs{Weight: pulumi.Int(100), Preference: fast},
		},
	}}
}
