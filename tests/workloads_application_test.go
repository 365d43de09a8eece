package tests

import (
	"encoding/json"
	"regexp"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"ecommerce-platform/tests/pulumitest"
	"ecommerce-platform/workloads"
)

const workloadsSecret = "kubernetes:core/v1:Secret"

// workloadsOwn is a shop with an application that is not ours in the backend's place.
func workloadsOwn() *workloads.Args {
	args := workloadsArgs()
	args.Backend.Image = "registry.example.com/team/orders:1.4.2"
	args.Backend.Port, args.Backend.MetricsPort = 3000, 9090
	args.Backend.User = 1000
	args.Backend.Args = []string{"serve", "--log=json"}
	args.Backend.Env = map[string]string{"LOG_LEVEL": "info", "GREETING": "Good $(POD_NAME)"}
	args.Backend.SecretEnv = map[string]string{"PAYMENT_KEY": "sk-live-4711"}
	args.Backend.ReadinessPath, args.Backend.LivenessPath = "/ready", "/alive"
	args.Backend.Scratch = map[string]string{"/var/cache/orders": "256Mi", "/tmp": "8Mi"}
	args.Backend.Paths = []string{"/api/", "/graphql"}
	args.Logins = map[string]workloads.Login{"registry.example.com": {Username: "deploy", Password: "pull-4711"}}
	return args
}

func TestWorkloadsOwnApplicationAsYAML(t *testing.T) {
	deployment := pulumitest.Run(t, workloadsProgram(workloadsOwn())).Get(t, workloadsDeployment, "shop-backend")
	text, err := yaml.Marshal(deployment.Input("spec.template.spec"))
	require.NoError(t, err)
	pulumitest.Golden(t, "workloads/own-backend-pod.yaml", string(text))
}

func TestWorkloadsSecretEnv(t *testing.T) {
	rec := pulumitest.Run(t, workloadsProgram(workloadsOwn()))
	secret := rec.Get(t, workloadsSecret, "shop-backend-env")

	t.Run("is in its Secret and nowhere else", func(t *testing.T) {
		assert.Equal(t, "sk-live-4711", secret.Input("stringData.PAYMENT_KEY"))
		assert.True(t, secret.IsSecret("stringData"))
		assert.Empty(t, rec.FindPlain("sk-live-4711"))
		assert.False(t, rec.Get(t, workloadsDeployment, "shop-backend").IsSecret("spec"), "a preview shows the rest")
	})
	t.Run("reaches the container by reference, once the Secret is there", func(t *testing.T) {
		assert.Equal(t, map[string]any{"secretKeyRef": map[string]any{"name": secret.Input("metadata.name"), "key": "PAYMENT_KEY"}},
			workloadsEnv(t, rec, "backend")["PAYMENT_KEY"])
		assert.True(t, rec.WaitsFor(rec.Get(t, workloadsDeployment, "shop-backend"), secret))
		assert.NotContains(t, workloadsEnv(t, rec, "frontend"), "PAYMENT_KEY")
	})
	t.Run("changed, it rolls the pods", func(t *testing.T) {
		args := workloadsOwn()
		args.Backend.SecretEnv = map[string]string{"PAYMENT_KEY": "sk-live-4712"}
		changed := pulumitest.Run(t, workloadsProgram(args)).Get(t, workloadsSecret, "shop-backend-env")
		assert.NotEqual(t, secret.Input("metadata.name"), changed.Input("metadata.name"))
		assert.Equal(t, true, secret.Input("immutable"))
	})
	t.Run("nobody checks a guess without the database's password", func(t *testing.T) {
		args := workloadsOwn()
		args.DatabasePassword = pulumi.String("another")
		other := pulumitest.Run(t, workloadsProgram(args)).Get(t, workloadsSecret, "shop-backend-env")
		assert.NotEqual(t, secret.Input("metadata.name"), other.Input("metadata.name"))
	})
	t.Run("unused, there is no Secret", func(t *testing.T) {
		assert.Nil(t, pulumitest.Run(t, workloadsProgram(workloadsArgs())).Find(workloadsSecret, "shop-backend-env"))
	})
}

func TestWorkloadsBackendKnowsDatabaseAndCaches(t *testing.T) {
	args := workloadsArgs()
	args.DatabasePassword = pulumi.String("p/a+s=s w@rd")
	rec := pulumitest.Run(t, workloadsProgram(args))
	env := workloadsEnv(t, rec, "backend")
	read := func(name string) any {
		reference, ok := env[name].(map[string]any)
		require.True(t, ok, "%s is no literal", name)
		key := reference["secretKeyRef"].(map[string]any)
		secret := rec.Get(t, workloadsSecret, "shop-"+key["name"].(string))
		assert.True(t, secret.IsSecret("stringData"))
		assert.True(t, rec.WaitsFor(rec.Get(t, workloadsDeployment, "shop-backend"), secret))
		return secret.Input("stringData." + key["key"].(string))
	}
	assert.Equal(t, "postgres", env["PGHOST"])
	assert.Equal(t, "5432", env["PGPORT"])
	assert.Equal(t, "redis://redis:6379/0", env["REDIS_URL"])
	assert.Equal(t, "shop", read("PGUSER"), "not the superuser")
	assert.Equal(t, "postgresql://shop:"+read("PGPASSWORD").(string)+"@postgres:5432/"+read("PGDATABASE").(string), read("DATABASE_URL"))
	admin := rec.Get(t, workloadsSecret, "shop-postgres")
	assert.Equal(t, "postgresql://postgres:p%2Fa+s=s%20w%40rd@postgres:5432/postgres", admin.Input("stringData.uri"))
	assert.NotContains(t, workloadsEnv(t, rec, "frontend"), "PGPASSWORD")
}

func TestWorkloadsUsersVariablesWin(t *testing.T) {
	args := workloadsArgs()
	args.Backend.Env = map[string]string{"REDIS_URL": "redis://elsewhere:6379/0", "PGHOST": "db.example.com"}
	args.Backend.SecretEnv = map[string]string{"PGPASSWORD": "of-the-other-database"}
	env := workloadsEnv(t, pulumitest.Run(t, workloadsProgram(args)), "backend")
	assert.Equal(t, "redis://elsewhere:6379/0", env["REDIS_URL"])
	assert.Equal(t, "db.example.com", env["PGHOST"])
	assert.Regexp(t, "^backend-env-", env["PGPASSWORD"].(map[string]any)["secretKeyRef"].(map[string]any)["name"])
	assert.NotContains(t, env, "DATABASE_URL", "it would lead to the other database")

	args.Backend.SecretEnv["DATABASE_URL"] = "postgresql://db.example.com/shop"
	assert.Contains(t, workloadsEnv(t, pulumitest.Run(t, workloadsProgram(args)), "backend"), "DATABASE_URL")
}

func TestWorkloadsOnlyNginxIsConfigured(t *testing.T) {
	for image, configured := range map[string]bool{
		"nginx:alpine": true,
		"registry.example.com:5000/hub/nginx:1.29":                  true,
		"registry.example.com/nginx-orders:1.0":                     false,
		"registry.example.com/nginx/orders:1.0":                     false,
		"quay.io/prometheus/node-exporter:v1.9.1":                   false,
		"registry.example.com/team/nginx@sha256:" + workloadsDigest: true,
	} {
		t.Run(image, func(t *testing.T) {
			args := workloadsArgs()
			args.Backend.Image, args.Frontend.Image = image, image
			rec := pulumitest.Run(t, workloadsProgram(args))
			for _, tier := range []string{"backend", "frontend"} {
				assert.Equal(t, configured, rec.Find(workloadsConfigMap, "shop-"+tier+"-nginx") != nil, tier)
				if _, given := workloadsEnv(t, rec, tier)["NGINX_ENVSUBST_FILTER"]; given != configured {
					t.Errorf("%s: NGINX_ENVSUBST_FILTER is set: %v", tier, given)
				}
			}
		})
	}
}

func TestWorkloadsPathsTheFrontendHandsOn(t *testing.T) {
	for name, c := range map[string]struct {
		paths     []string
		on, leave []string
	}{
		"the default":  {[]string{"/api/", "/data"}, []string{"/api/", "/api/products", "/data", "/data/x"}, []string{"/", "/api", "/database", "/x/data", "/datas"}},
		"none":         {nil, nil, []string{"/", "/api/products", "/data"}},
		"everything":   {[]string{"/"}, []string{"/", "/x"}, nil},
		"a dot is one": {[]string{"/v1.0"}, []string{"/v1.0", "/v1.0/x"}, []string{"/v1x0"}},
	} {
		t.Run(name, func(t *testing.T) {
			args := workloadsArgs()
			args.Backend.Paths = c.paths
			pattern := regexp.MustCompile(workloadsEnv(t, pulumitest.Run(t, workloadsProgram(args)), "frontend")["BACKEND_PATHS"].(string))
			for _, path := range c.on {
				assert.True(t, pattern.MatchString(path), path)
			}
			for _, path := range c.leave {
				assert.False(t, pattern.MatchString(path), path)
			}
		})
	}
}

func TestWorkloadsLowPortsNeedNoCapability(t *testing.T) {
	args := workloadsArgs()
	args.Backend.Port = 81
	sysctls := func(tier string) any {
		return pulumitest.Run(t, workloadsProgram(args)).Get(t, workloadsDeployment, "shop-"+tier).Input("spec.template.spec.securityContext.sysctls")
	}
	assert.Equal(t, []any{map[string]any{"name": "net.ipv4.ip_unprivileged_port_start", "value": "81"}}, sysctls("backend"))
	args.Backend.Port = 1024
	assert.Nil(t, sysctls("backend"))
}

func TestWorkloadsLogins(t *testing.T) {
	rec := pulumitest.Run(t, workloadsProgram(workloadsOwn()))
	secret := rec.Get(t, workloadsSecret, "shop-registries")
	assert.Equal(t, "kubernetes.io/dockerconfigjson", secret.Input("type"))
	assert.True(t, secret.IsSecret("stringData"))
	assert.Empty(t, rec.FindPlain("pull-4711"))
	var document struct {
		Auths map[string]map[string]string `json:"auths"`
	}
	require.NoError(t, json.Unmarshal([]byte(secret.Input(`stringData[".dockerconfigjson"]`).(string)), &document))
	assert.Equal(t, map[string]map[string]string{"registry.example.com": {
		"username": "deploy", "password": "pull-4711", "auth": "ZGVwbG95OnB1bGwtNDcxMQ==",
	}}, document.Auths)
	for _, deployment := range rec.All(workloadsDeployment) {
		assert.Equal(t, []any{map[string]any{"name": "registries"}}, deployment.Input("spec.template.spec.imagePullSecrets"), deployment.Name)
		assert.True(t, rec.WaitsFor(deployment, secret), deployment.Name)
	}
	assert.Nil(t, pulumitest.Run(t, workloadsProgram(workloadsArgs())).Find(workloadsSecret, "shop-registries"))
}
