package workloads

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// FrontendPort is where the frontend's pods listen.
const FrontendPort = 80

// deployFrontend deploys the shop's page, which hands /data on to the backend.
//
// nginx resolves the backend's name once, when it starts, and exits if there is none: the Service comes first.
func (to *target) deployFrontend(backend *endpoint) (*endpoint, error) {
	site := shopPage()
	frontend := &tier{
		Tier:      to.args.Frontend,
		name:      frontendName,
		component: "web",
		portName:  httpPort,
		port:      FrontendPort,
		uid:       nginxUser,
		gid:       nginxUser,
		// Port 80 for a user who is not root and has no capability. The sysctl acts in the pod's network only, and
		// Kubernetes and the restricted standard count it as safe.
		sysctls: corev1.SysctlArray{corev1.SysctlArgs{
			Name: pulumi.String("net.ipv4.ip_unprivileged_port_start"), Value: pulumi.String("80"),
		}},
		env: corev1.EnvVarArray{
			variable("BACKEND_URL", fmt.Sprintf("http://%s:%d", backend.name, backend.port)),
			variable("SITE_VERSION", site.version),
			variable(substitute, "^(BACKEND|SITE)_"),
		},
		probes: probes{
			alive:          check{path: "/healthz"},
			ready:          check{path: "/readyz"},
			startupSeconds: nginxStartup,
		},
		drain: nginxDrain,
		grace: nginxGrace,
		// A full node still rolls: where the extra pod finds no room, an old one makes it.
		strategy: rolling(1, 1),
	}
	template, err := to.configMap(frontend, "nginx", map[string]string{
		"default.conf.template": siteFile("frontend.conf.template"),
	})
	if err != nil {
		return nil, err
	}
	files, mounted, err := to.site(frontend, site)
	if err != nil {
		return nil, err
	}
	frontend.mounts = append(nginxMounts(template), mounted)
	frontend.after = []pulumi.Resource{template.configMap, files.configMap, backend.service}
	return to.deploy(frontend, serviceArgs{port: 80, nodePort: to.args.NodePort})
}

// site puts the page where the image's nginx looks for it.
func (to *target) site(frontend *tier, site page) (*configFiles, mount, error) {
	config, err := to.configMap(frontend, "site", site.files)
	if err != nil {
		return nil, mount{}, err
	}
	return config, files("site", "/usr/share/nginx/html", config), nil
}

// frontendURL is the NodePort on the first node that runs the frontend. Every node answers on it; that one needs no
// second hop.
func frontendURL(args *Args) pulumi.StringOutput {
	node, ok := placementOf(frontendName).first(args.Nodes)
	if !ok { // only without a single frontend replica
		return pulumi.String("").ToStringOutput()
	}
	return pulumi.Sprintf("http://%s:%d", node.Address, args.NodePort)
}
