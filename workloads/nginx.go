package workloads

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// httpPort names the port of both nginx tiers.
	httpPort = "http"
	// nginxUser is the user and group nginx of the alpine image.
	nginxUser = 101
	// nginxDrain lets a stopping pod serve while nodes forget it; then nginx, on the image's stop signal SIGQUIT, ends
	// its open requests and exits.
	nginxDrain = 5
	// nginxGrace leaves open requests, which the frontend's template bounds at 15 seconds, time to end.
	nginxGrace = 30
	// nginxStartup is short: nginx starts or it fails.
	nginxStartup = 60
	// substitute is the variable by which the image's entry point knows which variables a template may hold.
	substitute = "NGINX_ENVSUBST_FILTER"
)

// nginxMounts are the directories that nginx writes, and its template.
func nginxMounts(template *configFiles) []mount {
	return []mount{
		files("templates", "/etc/nginx/templates", template),
		scratch("conf", "/etc/nginx/conf.d", "1Mi"),
		scratch("cache", "/var/cache/nginx", "64Mi"),
		scratch("run", "/run", "1Mi"), // /var/run leads there
		scratch("tmp", "/tmp", "64Mi"),
	}
}

func variable(name, value string) corev1.EnvVarArgs {
	return corev1.EnvVarArgs{Name: pulumi.String(name), Value: pulumi.String(value)}
}

// podField is a variable with a field of the pod.
func podField(name, path string) corev1.EnvVarArgs {
	return corev1.EnvVarArgs{Name: pulumi.String(name), ValueFrom: corev1.EnvVarSourceArgs{
		FieldRef: corev1.ObjectFieldSelectorArgs{FieldPath: pulumi.String(path)},
	}}
}
