package rules_test

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"ecommerce-platform/policy/model/modeltest"
)

var podFixtures = map[string][]fixture{
	"requests-set": {
		{"no memory", change(modeltest.Unset(deploymentType, backend, container+"resources.requests.memory")), "container backend requests no memory", backend, ""},
		{"nothing", change(modeltest.Unset(deploymentType, backend, container+"resources")), "requests no cpu and no memory", backend, ""},
		{"zero", change(deployment(backend, container+"resources.requests.cpu", "0")), "requests no cpu", backend, ""},
		{"a sidecar without", change(sidecar(map[string]any{"name": "proxy", "restartPolicy": "Always"})), "container proxy requests no cpu and no memory", backend, ""},
		{"a sidecar's and scratch space", change(sidecar(map[string]any{"name": "proxy", "restartPolicy": "Always", "resources": map[string]any{
			"requests": map[string]any{"cpu": "10m", "memory": "16Mi", "ephemeral-storage": "100Mi"},
		}})), "", "", ""},
		{"a CronJob without", change(
			modeltest.Unset(deploymentType, backend, container+"resources"), cronJob(backend),
		), "container backend requests no cpu and no memory", backend, ""},
		{"a limit alone, which is then the request", change(deployment(backend, container+"resources", map[string]any{
			"limits": map[string]any{"cpu": "1", "memory": "1Gi"},
		})), "", "", ""},
		{
			"it is not known", change(modeltest.Unknown(deploymentType, backend, container+"resources.requests.cpu")), "", "",
			deploymentType + " " + backend + " " + container + "resources.requests.cpu",
		},
	},
	"probes-set": {
		{"no readiness probe", change(modeltest.Unset(deploymentType, backend, container+"readinessProbe")), "container backend has no readinessProbe", backend, ""},
		{"no liveness probe", change(modeltest.Unset(deploymentType, backend, container+"livenessProbe")), "has no livenessProbe", backend, ""},
		{"a sidecar without", change(sidecar(map[string]any{"name": "proxy", "restartPolicy": "Always"})),
			"container proxy has no readinessProbe and no livenessProbe", backend, ""},
		{"a sidecar with both", change(sidecar(map[string]any{
			"name": "proxy", "restartPolicy": "Always", "readinessProbe": map[string]any{}, "livenessProbe": map[string]any{},
		})), "", "", ""},
		{"a container that ends before the others start", change(sidecar(map[string]any{"name": "migrate"})), "", "", ""},
		{"a Job, which comes to an end", change(
			modeltest.Unset(deploymentType, backend, container+"livenessProbe"), of(deploymentType, backend, "kubernetes:batch/v1:Job"),
		), "", "", ""},
		{"no startup probe", change(modeltest.Unset(deploymentType, backend, container+"startupProbe")), "", "", ""},
	},
	"restricted-profile": {
		{"root", change(modeltest.Unset(deploymentType, backend, "spec.template.spec.securityContext.runAsNonRoot")), "runAsNonRoot != true", backend, ""},
		{"the node's network", change(deployment(backend, "spec.template.spec.hostNetwork", true)), "host namespaces", backend, ""},
		{"no seccomp profile", change(modeltest.Unset(deploymentType, backend, "spec.template.spec.securityContext.seccompProfile")), "seccompProfile", backend, ""},
		{"a capability", change(deployment(backend, container+"securityContext.capabilities.add", []any{"CHOWN"})), "CHOWN", backend, ""},
		{"a capability that the profile allows", change(deployment(backend, container+"securityContext.capabilities.add", []any{"NET_BIND_SERVICE"})), "", "", ""},
		{
			"it is not known", change(modeltest.Unknown(deploymentType, backend, container+"securityContext.allowPrivilegeEscalation")), "", "",
			deploymentType + " " + backend + " " + container + "securityContext.allowPrivilegeEscalation",
		},
	},
	"image-tag": {
		{"latest", change(deployment(backend, container+"image", "nginx:latest")), "whatever was pushed last", backend, ""},
		{"no tag", change(deployment(backend, container+"image", "registry.example:5000/nginx")), "names no tag", backend, ""},
		{"a digest and no tag", change(digest(backend)), "", "", ""},
		{"no reference", change(deployment(backend, container+"image", "Nginx:1 ")), "is no reference to one", backend, ""},
		{"a digest that is none", change(deployment(backend, container+"image", "nginx@sha256:abc")), "is no reference to one", backend, ""},
		{
			"it is not known", change(modeltest.Unknown(deploymentType, backend, container+"image")), "", "",
			deploymentType + " " + backend + " " + container + "image",
		},
	},
	"image-digest": {
		{"a tag", change(
			digest(frontend), digest(postgres), digest("shop-redis"),
		), `image "nginx:alpine" names no digest`, backend, ""},
		{"digests", change(digest(frontend), digest(backend), digest(postgres), digest("shop-redis")), "", "", ""},
	},
	"data-tiers-used": {
		{"nginx", change(
			told("PGHOST", "postgres", "REDIS_URL", "redis://redis:6379/0"),
		), `container backend is told of postgres and redis, and "nginx:alpine" asks nobody`, backend, ""},
		{"nginx from another registry", change(
			told("DATABASE", "postgresql://postgres.shop.svc/shop"),
			deployment(backend, container+"image", "registry.example:5000/hub/nginx@"+sum),
		), "container backend is told of postgres, and", backend, ""},
		{"a program", change(
			told("PGHOST", "postgres"), deployment(backend, container+"image", "registry.example:5000/nginx/shop@"+sum),
		), "", "", ""},
		{"nginx that is told of nothing", change(told("PORT", "8080")), "", "", ""},
		{
			"it is not known", change(modeltest.Unknown(deploymentType, backend, container+"image")), "", "",
			deploymentType + " " + backend + " " + container + "image",
		},
	},
	"secrets-not-literal": {
		{"a password in a variable", change(deployment(backend, container+"env[3]", map[string]any{"name": "DB_PASSWORD", "value": "hunter2"})),
			"variable DB_PASSWORD of container backend has its value in the pod", backend, ""},
		{"a password in a URL", change(deployment(backend, container+"env[3]", map[string]any{"name": "DB", "value": "postgres://a:b@postgres/x"})),
			"holds a URL with a password", backend, ""},
		{"a value that the program keeps secret", change(deployment(backend, container+"env[3]", map[string]any{
			"name": "SEED", "value": property.New("x").WithSecret(true),
		})), "variable SEED of container backend has a value that the program keeps secret", backend, ""},
		{"a password from a ConfigMap", change(deployment(postgres, container+"env[4].valueFrom", map[string]any{
			"configMapKeyRef": map[string]any{"name": "x", "key": "y"},
		})), "comes from a ConfigMap", postgres, ""},
		{"a password as an argument", change(deployment("shop-redis", container+"args[1]", "--requirepass=hunter2 --password=hunter2")),
			"args of container redis holds a value of password", "shop-redis", ""},
		{"a key in a ConfigMap", change(set(configMapType, "shop-redis-config", "data.tls", "-----BEGIN EC PRIVATE KEY-----")),
			`key "tls" of ConfigMap redis-config`, "shop-redis-config", ""},
		{"a password from a Secret", nil, "", "", ""},
		{"a switch that asks for no password", change(
			deployment(backend, container+"env[3]", map[string]any{"name": "ALLOW_EMPTY_PASSWORD", "value": "yes"}),
			deployment(backend, container+"env[2]", map[string]any{"name": "POSTGRES_HOST_AUTH_METHOD", "value": "trust"}),
			set(configMapType, "shop-redis-config", "data.MYSQL_RANDOM_ROOT_PASSWORD", "1"),
		), "", "", ""},
		{"an argument with a variable of the container in it", change(deployment("shop-redis", container+"args[1]", "--requirepass=$(REDIS_PASSWORD)")), "", "", ""},
		{"the place of a password", change(deployment(backend, container+"env[3]", map[string]any{"name": "DB_PASSWORD_FILE", "value": "/run/db"})), "", "", ""},
	},
	"env-names-unique": {
		{"twice", change(deployment(backend, container+"env[2].name", "POD_NAME")), "container backend sets POD_NAME twice", backend, ""},
		{"once", nil, "", "", ""},
	},
	"read-only-root": {
		{"a writable root", change(modeltest.Unset(deploymentType, backend, container+"securityContext.readOnlyRootFilesystem")), "can write its root", backend, ""},
		{"a read-only root", nil, "", "", ""},
	},
	"no-api-token": {
		{"a token", change(modeltest.Unset(deploymentType, backend, "spec.template.spec.automountServiceAccountToken")), "given a token", backend, ""},
		{"no token", nil, "", "", ""},
	},
}

// sidecar gives the backend a container of the list of initial ones.
func sidecar(c map[string]any) modeltest.Change {
	return deployment(backend, "spec.template.spec.initContainers", []any{c})
}

// cronJob makes a Deployment a CronJob with its template.
func cronJob(name string) modeltest.Change {
	return modeltest.Edit(deploymentType, name, func(r *policyx.AnalyzerResource) {
		spec := property.New(property.NewMap(map[string]property.Value{"template": r.Properties.Get("spec").AsMap().Get("template")}))
		retype(r, "kubernetes:batch/v1:CronJob")
		r.Properties = r.Properties.Set("spec", property.New(property.NewMap(map[string]property.Value{
			"schedule": property.New("0 3 * * *"), "jobTemplate": property.New(property.NewMap(map[string]property.Value{"spec": spec})),
		})))
	})
}

func digest(name string) modeltest.Change {
	return deployment(name, container+"image", "example@"+sum)
}

// sum is a digest.
const sum = "sha256:65645c7bb6a0661892a8b03b89d0743208a18dd2f3f17a54ef4b76fb8e2f2a10"

// told gives the backend variables, names and values in turn, and no others.
func told(variables ...string) modeltest.Change {
	var env []any
	for pair := range slices.Chunk(variables, 2) {
		env = append(env, map[string]any{"name": pair[0], "value": pair[1]})
	}
	return deployment(backend, container+"env", env)
}
