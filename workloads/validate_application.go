package workloads

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// reservedVariables are those that the platform decides by other keys, or not at all.
var reservedVariables = []string{
	"BACKEND_ADDRESS", "BACKEND_PATHS", "BACKEND_URL", "NGINX_ENVSUBST_FILTER", "NODE_NAME", "POD_IP", "POD_NAME", "PORT", "SITE_VERSION",
}

// nginxProbes are the paths that the shop's configurations of nginx answer to probes.
var nginxProbes = []string{"/healthz", "/readyz"}

func (p *problems) application(name string, a Application) {
	p.tier(name, a.Tier)
	if a.Port < 1 || a.Port > 65535 {
		p.Addf("%s.port %d: must be between 1 and 65535", name, a.Port)
	}
	if a.User < 1 || a.User > 1<<31-1 {
		p.Addf("%s.user %d: must be between 1 and 2147483647, since no container runs as root", name, a.User)
	}
	p.probe(name+".readinessPath", a.ReadinessPath, a.isNginx())
	p.probe(name+".livenessPath", a.LivenessPath, a.isNginx())
	for _, variable := range slices.Sorted(maps.Keys(a.Env)) {
		p.variable(name+".env", variable)
	}
	for _, variable := range slices.Sorted(maps.Keys(a.SecretEnv)) {
		p.variable("secretEnv."+name, variable)
		if _, plain := a.Env[variable]; plain {
			p.Addf("secretEnv.%s.%s <secret>: set by %s.env as well", name, variable, name)
		}
	}
	p.scratch(name, a)
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (p *problems) variable(key, name string) {
	switch {
	case !variableName.MatchString(name):
		p.Addf("%s %q: not the name of an environment variable", key, name)
	case slices.Contains(reservedVariables, name):
		p.Addf("%s %q: the platform decides this one", key, name)
	}
}

// pathCharacters are those of a path, less what would need encoding or quoting.
var pathCharacters = regexp.MustCompile(`^/[A-Za-z0-9._~/-]*$`)

func (p *problems) probe(key, value string, nginx bool) {
	switch {
	case value == "" || !pathCharacters.MatchString(value):
		p.add(key, value, "not a path such as /healthz")
	case nginx && !slices.Contains(nginxProbes, value):
		p.add(key, value, "nginx is configured to answer /healthz and /readyz")
	}
}

func (p *problems) paths(paths []string) {
	for i, value := range paths {
		key := fmt.Sprintf("backend.paths[%d]", i)
		switch {
		case value == "" || !pathCharacters.MatchString(value) || strings.Contains(value, "//"):
			p.add(key, value, "not a path such as /data, or /api/ for what lies below")
		case slices.ContainsFunc([]string{"/assets", "/healthz", "/readyz", "/index.html"}, func(own string) bool {
			return value == own || strings.HasPrefix(value, own+"/")
		}):
			p.add(key, value, "the frontend answers this one itself")
		case slices.Index(paths, value) < i:
			p.Addf("%s %q: duplicate of backend.paths[%d]", key, value, slices.Index(paths, value))
		}
	}
}

func (p *problems) metricsPort(backend Backend) {
	switch port := backend.MetricsPort; {
	case port == 0:
	case port < 1024 || port > 65535:
		p.Addf("backend.metricsPort %d: must be between 1024 and 65535, or 0 for none", port)
	case port == backend.Port:
		p.Addf("backend.metricsPort %d: backend.port is the same, which the frontend's requests come to", port)
	}
}

func (p *problems) scratch(name string, a Application) {
	for _, directory := range slices.Sorted(maps.Keys(a.Scratch)) {
		key := name + ".scratch[" + directory + "]"
		size := a.Scratch[directory]
		below := func(parents ...string) bool {
			return slices.ContainsFunc(parents, func(parent string) bool {
				return directory == parent || strings.HasPrefix(directory, parent+"/")
			})
		}
		switch {
		case !path.IsAbs(directory) || path.Clean(directory) != directory || directory == "/" || strings.Contains(directory, ":"):
			p.Addf("%s.scratch %q: not an absolute path of a directory, such as /var/cache/app", name, directory)
		case below("/proc", "/sys", "/dev"):
			p.add(key, size, "belongs to the kernel")
		case a.isNginx() && below(nginxTemplates, nginxPages):
			p.add(key, size, "the platform's own files are there")
		default:
			p.quantity(key, size)
		}
	}
}

func (p *problems) logins(logins map[string]Login) {
	for _, host := range slices.Sorted(maps.Keys(logins)) {
		switch login := logins[host]; {
		case !registryHost.MatchString(host):
			p.Addf("registries %q: not the host of a registry, such as registry.example.com:5000", host)
		case login.Username == "":
			p.Addf("registryPasswords[%s] <secret>: registries[%s].username is required for it", host, host)
		case login.Password == "":
			p.Addf("registries[%s].username %q: registryPasswords[%s] is required for it", host, login.Username, host)
		}
	}
}

// registryHost is the first part of an image's name where that is no directory of Docker Hub's.
var registryHost = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+(:[0-9]{1,5})?|[a-z0-9-]+:[0-9]{1,5})$`)
