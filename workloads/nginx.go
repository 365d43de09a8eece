package workloads

// configureNginx gives the tier's nginx its template, with the variables that match filter in it, and the directories that
// it writes. The image's entry point renders the template.
func (t *tier) configureNginx(template *configFiles, filter string) {
	t.env = append(t.env, variable("NGINX_ENVSUBST_FILTER", filter))
	t.mounts = append(t.mounts,
		files("templates", nginxTemplates, template),
		scratch("conf", "/etc/nginx/conf.d", "1Mi"),
		scratch("cache", "/var/cache/nginx", "64Mi"),
		scratch("run", "/run", "1Mi"), // /var/run leads there
	)
	t.after = append(t.after, template.configMap)
}

const (
	nginxTemplates = "/etc/nginx/templates"
	nginxPages     = "/usr/share/nginx/html"
)
