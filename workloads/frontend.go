package workloads

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// deployFrontend deploys the shop's page and hands what the backend is to answer on to it, or runs what the user wants there.
//
// nginx resolves names once, when it starts, and exits if it cannot: it gets the Service's address instead, which Kubernetes puts
// in the place of this variable for containers that start when the Service is there. So the page, and what is behind it, is there
// again after a restart while no name resolves.
func (to *target) deployFrontend(backend *endpoint) (*endpoint, error) {
	frontend := to.args.Frontend.application(frontendName)
	frontend.component = "web"
	frontend.serviceLinks = frontend.isNginx()
	host := backend.name
	if frontend.serviceLinks {
		host = fmt.Sprintf("$(%s_SERVICE_HOST)", strings.ToUpper(backend.name))
	}
	address := fmt.Sprintf("%s:%d", host, backend.port)
	frontend.env = append(frontend.env, variable("BACKEND_URL", "http://"+address))
	frontend.after = []pulumi.Resource{backend.service}
	if frontend.isNginx() {
		if err := to.pages(frontend, address); err != nil {
			return nil, err
		}
	}
	if err := to.complete(frontend, to.args.Frontend); err != nil {
		return nil, err
	}
	return to.deploy(frontend, serviceArgs{port: 80, nodePort: to.args.NodePort})
}

// pages gives the frontend's nginx its configuration with the backends' address, and puts the shop's pages where it looks for them.
func (to *target) pages(frontend *tier, backend string) error {
	site := shopPage()
	template, err := to.configMap(frontend, "nginx", map[string]string{
		"default.conf.template": siteFile("frontend.conf.template"),
	})
	if err != nil {
		return err
	}
	pages, err := to.configMap(frontend, "site", site.files)
	if err != nil {
		return err
	}
	frontend.env = append(frontend.env,
		variable("BACKEND_ADDRESS", backend), variable("BACKEND_PATHS", pathPattern(to.args.Backend.Paths)), variable("SITE_VERSION", site.version))
	frontend.configureNginx(template, "^(BACKEND_|SITE_|PORT$)")
	frontend.mounts = append(frontend.mounts, files("site", nginxPages, pages))
	frontend.after = append(frontend.after, pages.configMap)
	return nil
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
