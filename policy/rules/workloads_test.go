package rules_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"ecommerce-platform/policy/model/modeltest"
)

const (
	deploymentType = "kubernetes:apps/v1:Deployment"
	serviceType    = "kubernetes:core/v1:Service"
	budgetType     = "kubernetes:policy/v1:PodDisruptionBudget"
	configMapType  = "kubernetes:core/v1:ConfigMap"
	secretType     = "kubernetes:core/v1:Secret"
	volumeType     = "kubernetes:core/v1:PersistentVolume"

	frontend  = "shop-frontend"
	backend   = "shop-backend"
	postgres  = "shop-postgres"
	container = "spec.template.spec.containers[0]."
)

func deployment(name, path string, value any) modeltest.Change {
	return set(deploymentType, name, path, value)
}

func serviceOf(name, path string, value any) modeltest.Change {
	return set(serviceType, name, path, value)
}

// of makes a resource one of another type.
func of(token, name, as string) modeltest.Change {
	return modeltest.Edit(token, name, func(r *policyx.AnalyzerResource) { retype(r, as) })
}

func retype(r *policyx.AnalyzerResource, as string) {
	r.URN, r.Type = strings.TrimSuffix(r.URN, r.Type+"::"+r.Name)+as+"::"+r.Name, as
}

// pod makes a Deployment a pod that is declared as such.
func pod(name string) modeltest.Change {
	return modeltest.Edit(deploymentType, name, func(r *policyx.AnalyzerResource) {
		template := r.Properties.Get("spec").AsMap().Get("template").AsMap()
		metadata := template.Get("metadata").AsMap().Set("name", property.New(name)).Set("namespace", property.New("ecommerce"))
		retype(r, "kubernetes:core/v1:Pod")
		r.Properties = property.NewMap(map[string]property.Value{"metadata": property.New(metadata), "spec": template.Get("spec")})
	})
}

// relabelled is another layout of the workers: tier labels elsewhere.
func relabelled(key, value string) modeltest.Change {
	return func(t testing.TB, resources []policyx.AnalyzerResource) []policyx.AnalyzerResource {
		t.Helper()
		for _, r := range resources {
			if strings.HasSuffix(r.Type, ":NodePatch") {
				resources = set(r.Type, r.Name, "metadata.labels."+key, value)(t, resources)
			}
		}
		return resources
	}
}

var workloadFixtures = map[string][]fixture{
	"service-selects-pods": {
		{
			"a selector with a typing error", change(serviceOf(backend, `spec.selector["app.kubernetes.io/name"]`, "bakend")),
			"Service backend selects app.kubernetes.io/name=bakend", backend, "",
		},
		{"a Service in another namespace", change(serviceOf(backend, "metadata.namespace", "default")), "in namespace default", backend, ""},
		{"all Services as they are", nil, "", "", ""},
		{"a Service without a selector", change(modeltest.Unset(serviceType, backend, "spec.selector")), "", "", ""},
		{"a name of something outside", change(serviceOf(backend, "spec.type", "ExternalName")), "", "", ""},
		{"a Service of a pod that is declared as such", change(pod(backend)), "", "", ""},
		{"a Service of a ReplicaSet", change(of(deploymentType, backend, "kubernetes:apps/v1:ReplicaSet")), "", "", ""},
		{
			"the pods may be of a chart", change(modeltest.Remove(deploymentType, backend), of(configMapType, "shop-redis-config", "kubernetes:helm.sh/v3:Release")),
			"", "", "kubernetes:helm.sh/v3:Release shop-redis-config",
		},
		{
			"the selector is not known", change(modeltest.Unknown(serviceType, backend, `spec.selector["app.kubernetes.io/name"]`)), "", "",
			serviceType + " " + backend + " spec.selector.app.kubernetes.io/name",
		},
	},
	"target-port-exists": {
		{"a port that the container does not name", change(serviceOf(backend, "spec.ports[0].targetPort", "web")), "port web of pods of backend", backend, ""},
		{"a number that the container does not have", change(serviceOf(backend, "spec.ports[0].targetPort", 9090)), "port 9090", backend, ""},
		{"another protocol", change(serviceOf(backend, "spec.ports[0].protocol", "UDP")), "no such UDP port", backend, ""},
		{"no target port, and another number", change(modeltest.Unset(serviceType, frontend, "spec.ports[0].targetPort"), serviceOf(frontend, "spec.ports[0].port", 81)), "port 81", frontend, ""},
		{"the number of the container's port", change(serviceOf(backend, "spec.ports[0].targetPort", 8080)), "", "", ""},
		{"a port of a sidecar", change(serviceOf(backend, "spec.ports[0].targetPort", "mesh"), deployment(backend, "spec.template.spec.initContainers", []any{
			map[string]any{"name": "proxy", "restartPolicy": "Always", "ports": []any{map[string]any{"name": "mesh", "containerPort": 15000}}},
		})), "", "", ""},
		{"a number behind a headless Service, which nothing turns into another", change(
			serviceOf(backend, "spec.clusterIP", "None"), serviceOf(backend, "spec.ports[0].targetPort", 9090),
		), "", "", ""},
		{"a name behind a headless Service, which is looked up", change(
			serviceOf(backend, "spec.clusterIP", "None"), serviceOf(backend, "spec.ports[0].targetPort", "web"),
		), "port web of pods of backend", backend, ""},
		{"a port of a container that ends", change(serviceOf(backend, "spec.ports[0].targetPort", "mesh"), deployment(backend, "spec.template.spec.initContainers", []any{
			map[string]any{"name": "proxy", "ports": []any{map[string]any{"name": "mesh", "containerPort": 15000}}},
		})), "port mesh of pods of backend", backend, ""},
		{"no target port, and the same number", change(modeltest.Unset(serviceType, frontend, "spec.ports[0].targetPort")), "", "", ""},
		{
			"it is not known", change(modeltest.Unknown(serviceType, backend, "spec.ports[0].targetPort")), "", "",
			serviceType + " " + backend + " spec.ports[0].targetPort",
		},
	},
	"node-port-unique": {
		{"two Services on one NodePort", change(serviceOf(backend, "spec.ports[0].nodePort", 30080)), "is taken by Service ecommerce/backend", frontend, ""},
		{"a NodePort out of range", change(serviceOf(frontend, "spec.ports[0].nodePort", 8080)), "NodePort 8080 of Service frontend is outside", frontend, ""},
		{"two NodePorts", change(serviceOf(backend, "spec.ports[0].nodePort", 30081)), "", "", ""},
		{"one number for two protocols", change(serviceOf(backend, "spec.ports[0].nodePort", 30080), serviceOf(backend, "spec.ports[0].protocol", "UDP")), "", "", ""},
	},
	"node-selector-matches": {
		{
			"a label that no node has", change(deployment(frontend, "spec.template.spec.nodeSelector", map[string]any{"tier": "web"})),
			"ask for tier=web, and no declared node has that (control-plane; worker-node-1 storage=ssd tier=frontend; worker-node-2", frontend, "",
		},
		{
			"labels that no node has together", change(deployment(frontend, "spec.template.spec.nodeSelector", map[string]any{"tier": "frontend", "storage": "hdd"})),
			"storage=hdd and tier=frontend", frontend, "",
		},
		{"a volume on a node that is gone", change(set(volumeType, postgres,
			"spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].values[0]", "worker-node-9")),
			"kubernetes.io/hostname In worker-node-9", postgres, ""},
		{"the labels that nodes have", nil, "", "", ""},
		{"a tier without replicas", change(
			deployment(frontend, "spec.template.spec.nodeSelector", map[string]any{"tier": "web"}), deployment(frontend, "spec.replicas", 0),
		), "", "", ""},
		{"every node has the label", change(relabelled("zone", "a"), deployment(frontend, "spec.template.spec.nodeSelector.zone", "a")), "", "", ""},
		{
			"it is not known", change(modeltest.Unknown(deploymentType, frontend, "spec.template.spec.nodeSelector.tier")), "", "",
			deploymentType + " " + frontend + " spec.template.spec.nodeSelector.tier",
		},
	},
	"references-exist": {
		{"a Secret of another name", change(deployment(postgres, container+"env[4].valueFrom.secretKeyRef.name", "db")),
			`need Secret "db", which namespace ecommerce does not have`, postgres, ""},
		{"a key that the Secret lacks", change(deployment(postgres, container+"env[4].valueFrom.secretKeyRef.key", "pass")),
			`need key "pass" of Secret "postgres"`, postgres, ""},
		{"a ConfigMap of another name", change(deployment(frontend, "spec.template.spec.volumes[0].configMap.name", "nginx")),
			`need ConfigMap "nginx"`, frontend, ""},
		{"a claim that is gone", change(modeltest.Remove("kubernetes:core/v1:PersistentVolumeClaim", postgres)),
			`need PersistentVolumeClaim "postgres-worker-node-2"`, postgres, ""},
		{"a Secret in another namespace", change(set(secretType, postgres, "metadata.namespace", "default")), `need Secret "postgres"`, postgres, ""},
		{"all as they are", nil, "", "", ""},
		{"what the cluster keeps in its own namespace", change(deployment(postgres, "metadata.namespace", "kube-system")), "", "", ""},
		{"an optional ConfigMap", change(deployment(frontend, "spec.template.spec.volumes[0].configMap", map[string]any{"name": "nginx", "optional": true})), "", "", ""},
		{"the cluster's own certificate", change(deployment(frontend, "spec.template.spec.volumes[0].configMap.name", "kube-root-ca.crt")), "", "", ""},
		{"a Job's Secret of another name", change(
			of(deploymentType, postgres, "kubernetes:batch/v1:Job"),
			set("kubernetes:batch/v1:Job", postgres, container+"env[4].valueFrom.secretKeyRef.name", "db"),
		), `need Secret "db"`, postgres, ""},
		{
			"one of the Secrets gets its name from Pulumi", change(
				modeltest.Copy(secretType, postgres, "shop-made-up"), modeltest.Unset(secretType, "shop-made-up", "metadata.name"),
				modeltest.Copy(secretType, postgres, "shop-made-up-too"), modeltest.Unset(secretType, "shop-made-up-too", "metadata.name"),
				deployment(postgres, container+"env[4].valueFrom.secretKeyRef.name", "shop-made-up-1a2b3c"),
			), "", "", secretType + " shop-made-up metadata.name",
		},
		{"the Secret's value is not known", change(modeltest.Unknown(secretType, postgres, "stringData.password")), "", "", ""},
		{
			"the Secret's name is not known", change(modeltest.Unknown(secretType, postgres, "metadata.name")), "", "",
			secretType + " " + postgres + " metadata.name",
		},
	},
	"budget-exists": {
		{"no budget", change(modeltest.Remove(budgetType, backend)), "no PodDisruptionBudget counts the pods of backend", backend, ""},
		{"two budgets", change(modeltest.Copy(budgetType, backend, "shop-extra")), "counted by 2 budgets", backend, ""},
		{"a budget in another namespace", change(set(budgetType, backend, "metadata.namespace", "default")), "no PodDisruptionBudget", backend, ""},
		{"one each", nil, "", "", ""},
		{"no replicas, no budget", change(modeltest.Remove(budgetType, backend), deployment(backend, "spec.replicas", 0)), "", "", ""},
	},
	"budget-honoured": {
		{"the only replica must stay", change(set(budgetType, postgres, "spec", map[string]any{
			"minAvailable": 1, "selector": map[string]any{"matchLabels": map[string]any{"app.kubernetes.io/name": "postgres"}},
		})), "budget postgres lets none of its 1 pods go", postgres, ""},
		{"none may be missing", change(set(budgetType, backend, "spec.maxUnavailable", 0)), "none of its 3 pods", backend, ""},
		{"not a number", change(set(budgetType, backend, "spec.maxUnavailable", "many")), "percentage", backend, ""},
		{"a share of many", change(set(budgetType, backend, "spec.maxUnavailable", "30%")), "", "", ""},
		{
			"it is not known", change(modeltest.Unknown(budgetType, backend, "spec.maxUnavailable")), "", "",
			budgetType + " " + backend + " spec.maxUnavailable",
		},
	},
	"urls-resolve": {
		{"a Service of another name", change(deployment(frontend, container+"env[1].value", "http://backends:8080")),
			`BACKEND_URL of container frontend leads nowhere: namespace ecommerce has no Service backends`, frontend, ""},
		{"another port", change(deployment(frontend, container+"env[1].value", "http://backend:80")), "Service backend has port 8080, not 80", frontend, ""},
		{"the scheme's port", change(deployment(frontend, container+"env[1].value", "http://backend")), "not 80", frontend, ""},
		{"the Service is gone", change(modeltest.Remove(serviceType, backend), deployment(frontend, container+"env[2].value", "")), "has no Service backend", frontend, ""},
		{"the full name", change(deployment(frontend, container+"env[1].value", "http://backend.ecommerce.svc.cluster.local:8080/")), "", "", ""},
		{"a service link", change(
			deployment(frontend, "spec.template.spec.enableServiceLinks", true), deployment(frontend, container+"env[1].value", "http://$(BACKEND_SERVICE_HOST):8080"),
		), "", "", ""},
		{"a service link to none", change(
			deployment(frontend, "spec.template.spec.enableServiceLinks", true), deployment(frontend, container+"env[1].value", "http://$(BACKENDS_SERVICE_HOST):8080"),
		), "has no Service backends", frontend, ""},
		{"a service link that is switched off", change(
			deployment(frontend, "spec.template.spec.enableServiceLinks", false), deployment(frontend, container+"env[2].value", ""),
		),
			"without enableServiceLinks nothing takes the variable's place", frontend, ""},
		{"the Service's name is not known", change(
			modeltest.Unknown(serviceType, backend, "metadata.name"),
		), "", "", serviceType + " " + backend + " metadata.name"},
		{"a variable before it", change(deployment(frontend, container+"env", []any{
			map[string]any{"name": "BACKEND_HOST", "value": "backend"}, map[string]any{"name": "BACKEND_URL", "value": "http://$(BACKEND_HOST):8080"},
		})), "", "", ""},
		{"a variable before it that names none", change(deployment(frontend, container+"env", []any{
			map[string]any{"name": "NAME", "value": "backends"}, map[string]any{"name": "BACKEND_URL", "value": "http://$(NAME):8080"},
		})), "has no Service backends", frontend, ""},
		{"a variable that only the pod knows", change(deployment(frontend, container+"env[1].value", "http://$(HOSTNAME):8080")), "", "", ""},
		{"a host of the pod's own", change(deployment(frontend, container+"env[1].value", "http://legacy:8080"),
			deployment(frontend, "spec.template.spec.hostAliases", []any{map[string]any{"ip": "192.0.2.1", "hostnames": []any{"legacy"}}})), "", "", ""},
		{"any port of a headless Service", change(serviceOf(backend, "spec.clusterIP", "None"),
			deployment(frontend, container+"env[1].value", "http://backend:9999")), "", "", ""},
		{"a service link's own variable that a ConfigMap may set", change(
			deployment(frontend, container+"env[1].value", "http://$(BACKEND_SERVICE_HOST):8080"),
			deployment(frontend, container+"envFrom", []any{map[string]any{"configMapRef": map[string]any{"name": "settings"}}}),
		), "", "", ""},
		{"a host of the internet", change(deployment(frontend, container+"env[1].value", "https://api.example.com")), "", "", ""},
		{"a Service of a namespace that is not ours", change(deployment(frontend, container+"env[1].value", "http://metrics.monitoring.svc:9090")), "", "", ""},
		{
			"it is not known", change(modeltest.Unknown(deploymentType, frontend, container+"env[1].value")), "", "",
			deploymentType + " " + frontend + " " + container + "env[1].value",
		},
	},
	"objects-well-formed": {
		{"a quantity that is none", change(deployment(backend, container+"resources.requests.cpu", "lots")), "cannot read it", backend, ""},
		{"all as they are", nil, "", "", ""},
	},
	"url-has-pods": {
		{"the tier behind the NodePort has no pods", change(deployment(frontend, "spec.replicas", 0)), "Service frontend leads to frontend, which wants 0 pods", frontend, ""},
		{"another tier has none", change(deployment(backend, "spec.replicas", 0)), "", "", ""},
		{"the tiers as they are", nil, "", "", ""},
		{
			"it is not known", change(modeltest.Unknown(deploymentType, frontend, "spec.replicas")), "", "",
			deploymentType + " " + frontend + " spec.replicas",
		},
	},
	"selector-matches-template": {
		{"another label in the template", change(deployment(backend, `spec.template.metadata.labels["app.kubernetes.io/name"]`, "api")),
			"its pods have the labels", backend, ""},
		{"one label more in the template", change(deployment(backend, "spec.template.metadata.labels.version", "2")), "", "", ""},
	},
	"labels-valid": {
		{"a space in a label", change(deployment(backend, "spec.template.metadata.labels.team", "the shop")), `team="the shop"`, backend, ""},
		{"a label more", change(deployment(backend, "spec.template.metadata.labels.team", "the-shop")), "", "", ""},
	},
}
