package tests

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/pulumitest"
	"ecommerce-platform/workloads"
)

func TestWorkloadsEveryTier(t *testing.T) {
	rec := pulumitest.Run(t, workloadsProgram(workloadsArgs()))
	for _, tier := range workloadsTiers {
		deployment := rec.Get(t, workloadsDeployment, "shop-"+tier)
		service := rec.Get(t, workloadsService, "shop-"+tier)
		budget := rec.Get(t, workloadsBudget, "shop-"+tier)
		pod := func(path string) any { return deployment.Input("spec.template.spec." + path) }
		container := func(path string) any { return deployment.Input(workloadsContainer + "." + path) }

		t.Run(tier+"/selectors find its pods and no others", func(t *testing.T) {
			selector := map[string]any{"app.kubernetes.io/name": tier, "app.kubernetes.io/part-of": "ecommerce-platform"}
			assert.Equal(t, selector, deployment.Input("spec.selector.matchLabels"))
			assert.Equal(t, selector, service.Input("spec.selector"))
			assert.Equal(t, selector, budget.Input("spec.selector.matchLabels"))
			assert.Subset(t, deployment.Input("spec.template.metadata.labels"), selector)
		})
		t.Run(tier+"/names and labels are explicit", func(t *testing.T) {
			for _, object := range []*pulumitest.Resource{deployment, service, budget} {
				assert.Equal(t, tier, object.Input("metadata.name"), object.Type)
				assert.Equal(t, "ecommerce", object.Input("metadata.namespace"), object.Type)
				assert.Equal(t, "pulumi", object.Input(`metadata.labels["app.kubernetes.io/managed-by"]`), object.Type)
				assert.NotEmpty(t, object.Input(`metadata.labels["app.kubernetes.io/component"]`), object.Type)
			}
		})
		t.Run(tier+"/the service targets the container's named port", func(t *testing.T) {
			assert.Equal(t, container("ports[0].name"), service.Input("spec.ports[0].targetPort"))
			assert.False(t, service.Has("spec.clusterIP"), "cluster addresses are not pinned")
		})
		t.Run(tier+"/pods meet the restricted standard", func(t *testing.T) {
			assert.Equal(t, true, pod("securityContext.runAsNonRoot"))
			assert.Greater(t, pod("securityContext.runAsUser"), 0.0)
			assert.Equal(t, "RuntimeDefault", pod("securityContext.seccompProfile.type"))
			assert.Equal(t, false, pod("automountServiceAccountToken"))
			assert.Equal(t, tier == "frontend", pod("enableServiceLinks"), "its nginx connects without the DNS")
			require.Len(t, pod("containers"), 1)
			assert.Equal(t, false, container("securityContext.allowPrivilegeEscalation"))
			assert.Equal(t, []any{"ALL"}, container("securityContext.capabilities.drop"))
			assert.Nil(t, container("securityContext.capabilities.add"))
			assert.Equal(t, true, container("securityContext.readOnlyRootFilesystem"))
			for _, volume := range pod("volumes").([]any) {
				kinds := slices.Sorted(maps.Keys(volume.(map[string]any)))
				kinds = slices.DeleteFunc(kinds, func(kind string) bool { return kind == "name" })
				require.Len(t, kinds, 1)
				assert.Contains(t, []string{"configMap", "emptyDir", "persistentVolumeClaim"}, kinds[0])
			}
		})
		t.Run(tier+"/every mount has its volume", func(t *testing.T) {
			names := func(list any) (names []string) {
				for _, item := range list.([]any) {
					names = append(names, item.(map[string]any)["name"].(string))
				}
				slices.Sort(names)
				return names
			}
			assert.Equal(t, names(pod("volumes")), names(container("volumeMounts")))
		})
		t.Run(tier+"/a drain may take one pod, all where no other node can take them, broken ones always", func(t *testing.T) {
			unavailable := map[string]any{"frontend": "100%", "backend": "100%", "postgres": "100%", "redis": 1.0}
			assert.Equal(t, unavailable[tier], budget.Input("spec.maxUnavailable"))
			assert.False(t, budget.Has("spec.minAvailable"))
			assert.Equal(t, "AlwaysAllow", budget.Input("spec.unhealthyPodEvictionPolicy"))
		})
		t.Run(tier+"/a stopping pod has time after its drain", func(t *testing.T) {
			drain, _ := container("lifecycle.preStop.sleep.seconds").(float64)
			assert.GreaterOrEqual(t, pod("terminationGracePeriodSeconds"), drain+20)
			if tier != "postgres" {
				assert.Equal(t, 5.0, drain)
			}
		})
		t.Run(tier+"/Pulumi waits longer than Kubernetes", func(t *testing.T) {
			assert.Equal(t, "15m0s", deployment.CreateTimeout)
			assert.Equal(t, "15m0s", deployment.UpdateTimeout)
			assert.Less(t, deployment.Input("spec.progressDeadlineSeconds"), 15*60.0)
			startup := container("startupProbe.periodSeconds").(float64) * container("startupProbe.failureThreshold").(float64)
			assert.Less(t, startup, deployment.Input("spec.progressDeadlineSeconds"))
		})
	}
}

func TestWorkloadsProbesAskTheRightQuestion(t *testing.T) {
	rec := pulumitest.Run(t, workloadsProgram(workloadsArgs()))
	http := func(path string) map[string]any {
		return map[string]any{"httpGet": map[string]any{"path": path, "port": "http"}}
	}
	exec := func(command ...any) map[string]any {
		return map[string]any{"exec": map[string]any{"command": command}}
	}
	pong := exec("sh", "-c", `test "$(redis-cli -h 127.0.0.1 ping)" = PONG`)
	const answers = "pg_isready -q -h 127.0.0.1 -U postgres"
	for tier, want := range map[string]struct{ alive, ready map[string]any }{
		"frontend": {http("/healthz"), http("/readyz")},
		"backend":  {http("/healthz"), http("/healthz")},
		"postgres": {exec("sh", "-c", answers+"; test $? -le 1"), exec("sh", "-c", answers)},
		"redis":    {pong, pong},
	} {
		for probe, question := range map[string]map[string]any{
			"startupProbe": want.alive, "livenessProbe": want.alive, "readinessProbe": want.ready,
		} {
			got := rec.Get(t, workloadsDeployment, "shop-"+tier).Input(workloadsContainer + "." + probe)
			assert.Subset(t, got, question, "%s %s", tier, probe)
		}
	}
}

// workloadsEnv are the variables of a tier's container: their value, or where it comes from.
func workloadsEnv(t *testing.T, rec *pulumitest.Recorder, tier string) map[string]any {
	t.Helper()
	env := map[string]any{}
	for _, item := range rec.Get(t, workloadsDeployment, "shop-"+tier).Input(workloadsContainer + ".env").([]any) {
		variable := item.(map[string]any)
		name := variable["name"].(string)
		require.NotContains(t, env, name, "a variable is set once")
		if env[name] = variable["value"]; env[name] == nil {
			env[name] = variable["valueFrom"]
		}
	}
	return env
}

func TestWorkloadsNginxTemplates(t *testing.T) {
	rec := pulumitest.Run(t, workloadsProgram(workloadsArgs()))
	for _, tier := range []string{"frontend", "backend"} {
		t.Run(tier+"/the entry point substitutes every variable that is meant for it", func(t *testing.T) {
			env := workloadsEnv(t, rec, tier)
			filter := regexp.MustCompile(env["NGINX_ENVSUBST_FILTER"].(string))
			template := rec.Get(t, workloadsConfigMap, "shop-"+tier+"-nginx").Input(`data["default.conf.template"]`).(string)
			variables := regexp.MustCompile(`\$\{?([A-Za-z_]+)`).FindAllStringSubmatch(template, -1)
			require.NotEmpty(t, variables)
			for _, variable := range variables {
				braced := strings.HasPrefix(variable[0], "${")
				assert.Equal(t, braced, filter.MatchString(variable[1]), "%s: braces are for the entry point", variable[0])
				if braced {
					assert.Contains(t, env, variable[1])
				}
			}
		})
	}
}

func TestWorkloadsNearestCache(t *testing.T) {
	rec := pulumitest.Run(t, workloadsProgram(workloadsArgs()))
	for _, tier := range workloadsTiers {
		service := rec.Get(t, workloadsService, "shop-"+tier)
		if tier == "redis" {
			assert.Equal(t, "PreferSameNode", service.Input("spec.trafficDistribution"))
			continue
		}
		assert.False(t, service.Has("spec.trafficDistribution"), "%s: pods share the work", tier)
	}
}

func TestWorkloadsChangedRedisSettingRollsThePods(t *testing.T) {
	before := pulumitest.Run(t, workloadsProgram(workloadsArgs()))
	args := workloadsArgs()
	args.Redis.Settings = map[string]string{"timeout": "300", "maxmemory": "64mb"}
	after := pulumitest.Run(t, workloadsProgram(args))

	config := after.Get(t, workloadsConfigMap, "shop-redis-config")
	assert.Equal(t, true, config.Input("immutable"))
	assert.True(t, strings.HasSuffix(config.Input(`data["redis.conf"]`).(string), "\nmaxmemory 64mb\ntimeout 300\n"),
		"the settings come last, so that they win")
	name := func(rec *pulumitest.Recorder, tier string) any {
		return rec.Get(t, workloadsDeployment, "shop-"+tier).Input("spec.template.spec.volumes[0].configMap.name")
	}
	assert.Equal(t, config.Input("metadata.name"), name(after, "redis"))
	assert.NotEqual(t, name(before, "redis"), name(after, "redis"))
	assert.Equal(t, name(before, "backend"), name(after, "backend"), "other tiers stay")
}

func TestWorkloadsBudgetOfATierWithTwoNodes(t *testing.T) {
	args := workloadsArgs()
	args.Nodes = append(args.Nodes, workloads.Placement{
		Name: "worker-node-3", Labels: map[string]string{"tier": "frontend"}, Address: pulumi.String("198.51.100.3"),
	})
	rec := pulumitest.Run(t, workloadsProgram(args))
	assert.Equal(t, 1.0, rec.Get(t, workloadsBudget, "shop-frontend").Input("spec.maxUnavailable"))
	assert.Equal(t, "100%", rec.Get(t, workloadsBudget, "shop-backend").Input("spec.maxUnavailable"))
}
