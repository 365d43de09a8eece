package workloads

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// deployBackend deploys the API, which answers with the name of its pod.
func (to *target) deployBackend() (*endpoint, error) {
	backend := &tier{
		Tier:      to.args.Backend,
		name:      backendName,
		component: "api",
		portName:  httpPort,
		port:      8080,
		uid:       nginxUser,
		gid:       nginxUser,
		env: corev1.EnvVarArray{
			podField("POD_NAME", "metadata.name"),
			podField("POD_IP", "status.podIP"),
			podField("NODE_NAME", "spec.nodeName"),
			variable(substitute, "^(POD|NODE)_"),
		},
		probes: probes{
			alive:          check{path: "/healthz"},
			ready:          check{path: "/healthz"}, // it needs nothing but itself
			startupSeconds: nginxStartup,
		},
		drain:    nginxDrain,
		grace:    nginxGrace,
		affinity: backendAffinity(),
		// The backends share their node with the database: where the extra pod finds no room, an old one makes it.
		strategy: rolling(1, 1),
	}
	template, err := to.configMap(backend, "nginx", map[string]string{
		"default.conf.template": siteFile("backend.conf.template"),
	})
	if err != nil {
		return nil, err
	}
	backend.mounts = nginxMounts(template)
	backend.after = []pulumi.Resource{template.configMap}
	return to.deploy(backend, serviceArgs{port: 8080})
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
