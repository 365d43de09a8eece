package tests

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/workloads"
)

func TestWorkloadsRefuseApplications(t *testing.T) {
	scratch := func(directory, size string) func(*workloads.Args) {
		return func(a *workloads.Args) { a.Backend.Scratch = map[string]string{directory: size} }
	}
	path := func(path string) func(*workloads.Args) {
		return func(a *workloads.Args) { a.Backend.Paths = append(a.Backend.Paths, path) }
	}
	env := func(name string) func(*workloads.Args) {
		return func(a *workloads.Args) { a.Backend.Env = map[string]string{name: "x"} }
	}
	login := func(host, username, password string) func(*workloads.Args) {
		return func(a *workloads.Args) {
			a.Logins = map[string]workloads.Login{host: {Username: username, Password: password}}
		}
	}
	const noPath = "not a path such as /data, or /api/ for what lies below"
	for name, test := range map[string]struct {
		breaks func(*workloads.Args)
		want   string
	}{
		"no port":                          {func(a *workloads.Args) { a.Backend.Port = 0 }, `backend.port 0: must be between 1 and 65535`},
		"a port too high":                  {func(a *workloads.Args) { a.Frontend.Port = 65536 }, `frontend.port 65536: must be between 1 and 65535`},
		"root":                             {func(a *workloads.Args) { a.Backend.User = 0 }, `backend.user 0: must be between 1 and 2147483647, since no container runs as root`},
		"a user too high":                  {func(a *workloads.Args) { a.Frontend.User = 1 << 31 }, `frontend.user 2147483648: must be between 1 and 2147483647, since no container runs as root`},
		"a port of the system for metrics": {func(a *workloads.Args) { a.Backend.MetricsPort = 90 }, `backend.metricsPort 90: must be between 1024 and 65535, or 0 for none`},
		"one port for both":                {func(a *workloads.Args) { a.Backend.MetricsPort = a.Backend.Port }, `backend.metricsPort 8080: backend.port is the same, which the frontend's requests come to`},
		"no readiness path":                {func(a *workloads.Args) { a.Backend.ReadinessPath = "" }, `backend.readinessPath <unset>: required`},
		"no liveness path":                 {func(a *workloads.Args) { a.Backend.LivenessPath = "" }, `backend.livenessPath <unset>: required`},
		"a probe without /":                {func(a *workloads.Args) { a.Frontend.ReadinessPath = "readyz" }, `frontend.readinessPath "readyz": not a path such as /healthz`},
		"a probe with a space":             {func(a *workloads.Args) { a.Backend.LivenessPath = "/a b" }, `backend.livenessPath "/a b": not a path such as /healthz`},
		"a probe of nginx":                 {func(a *workloads.Args) { a.Backend.LivenessPath = "/alive" }, `backend.livenessPath "/alive": nginx is configured to answer /healthz and /readyz`},

		"a variable without a name":   {env(""), `backend.env "": not the name of an environment variable`},
		"a variable with a dash":      {env("LOG-LEVEL"), `backend.env "LOG-LEVEL": not the name of an environment variable`},
		"a variable of the platform":  {env("PORT"), `backend.env "PORT": the platform decides this one`},
		"a secret variable of nobody": {func(a *workloads.Args) { a.Frontend.SecretEnv = map[string]string{"1": "x"} }, `secretEnv.frontend "1": not the name of an environment variable`},
		"a variable twice": {func(a *workloads.Args) {
			a.Backend.Env, a.Backend.SecretEnv = map[string]string{"KEY": "plain"}, map[string]string{"KEY": "hidden"}
		}, `secretEnv.backend.KEY <secret>: set by backend.env as well`},

		"a path without /":            {path("api"), `backend.paths[2] "api": ` + noPath},
		"an empty path":               {path(""), `backend.paths[2] <unset>: required`},
		"a pattern":                   {path("/(x)"), `backend.paths[2] "/(x)": ` + noPath},
		"a path that nobody asks for": {path("/a//b"), `backend.paths[2] "/a//b": ` + noPath},
		"a path of the frontend":      {path("/assets/"), `backend.paths[2] "/assets/": the frontend answers this one itself`},
		"a path twice":                {path("/data"), `backend.paths[2] "/data": duplicate of backend.paths[1]`},

		"scratch below no directory":       {scratch("cache", "1Mi"), `backend.scratch "cache": not an absolute path of a directory, such as /var/cache/app`},
		"scratch in the place of the root": {scratch("/", "1Mi"), `backend.scratch "/": not an absolute path of a directory, such as /var/cache/app`},
		"scratch that leads elsewhere":     {scratch("/a/../b", "1Mi"), `backend.scratch "/a/../b": not an absolute path of a directory, such as /var/cache/app`},
		"scratch of the kernel's":          {scratch("/proc/x", "1Mi"), `backend.scratch[/proc/x] "1Mi": belongs to the kernel`},
		"scratch over the templates":       {scratch("/etc/nginx/templates", "1Mi"), `backend.scratch[/etc/nginx/templates] "1Mi": the platform's own files are there`},
		"scratch without an end":           {scratch("/cache", "much"), `backend.scratch[/cache] "much": not a Kubernetes quantity, such as 100m or 128Mi`},
		"scratch of no size":               {scratch("/cache", "0"), `backend.scratch[/cache] "0": must be greater than 0`},

		"a registry that is a directory": {login("team", "u", "p"), `registries "team": not the host of a registry, such as registry.example.com:5000`},
		"a registry with a path":         {login("ghcr.io/team", "u", "p"), `registries "ghcr.io/team": not the host of a registry, such as registry.example.com:5000`},
		"a user without a password":      {login("ghcr.io", "u", ""), `registries[ghcr.io].username "u": registryPasswords[ghcr.io] is required for it`},
		"a password without a user":      {login("ghcr.io", "", "p"), `registryPasswords[ghcr.io] <secret>: registries[ghcr.io].username is required for it`},
	} {
		t.Run(name, func(t *testing.T) {
			args := workloadsArgs()
			test.breaks(args)
			problems := args.Validate()
			require.Len(t, problems, 1, "%v", problems)
			assert.EqualError(t, problems[0], test.want)
		})
	}
}

func TestWorkloadsAcceptApplications(t *testing.T) {
	assert.Empty(t, workloadsOwn().Validate())
	for _, host := range []string{"ghcr.io", "localhost:5000", "registry:5000", "123456789012.dkr.ecr.eu-central-1.amazonaws.com"} {
		args := workloadsArgs()
		args.Logins = map[string]workloads.Login{host: {Username: "AWS", Password: "x"}}
		assert.Empty(t, args.Validate(), host)
	}
}
