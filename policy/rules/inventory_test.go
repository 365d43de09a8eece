package rules_test

import (
	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
)

// holds declares a ResourceQuota of a namespace.
func holds(namespace string, hard map[string]any) modeltest.Change {
	return modeltest.Add(model.QuotaType, "quota", map[string]any{
		"apiVersion": "v1", "kind": "ResourceQuota", "metadata": map[string]any{"name": "quota", "namespace": namespace}, "spec": map[string]any{"hard": hard},
	})
}

// stands says that a Service is there already.
func stands(name string) modeltest.Change {
	return modeltest.Set(serviceType, name, "metadata.uid", "5f0c8a5e-9d0f-4a35-8d9a-3f6ac1f5a1d2")
}

var inventoryFixtures = map[string][]fixture{
	"namespace-has-room": {
		{"more Services than the quota has", change(holds("ecommerce", map[string]any{"services": "3"})),
			"Service redis of namespace ecommerce: the API server refuses it: exceeded quota: quota, requested: services=1, used: services=3, limited: services=3", "shop-redis", ""},
		{"a port on every node", change(holds("ecommerce", map[string]any{"services.nodeports": "0"})), "requested: services.nodeports=1", frontend, ""},
		{"a claim", change(holds("ecommerce", map[string]any{"persistentvolumeclaims": "0"})), "requested: persistentvolumeclaims=1", postgres, ""},
		{"what claims ask for", change(holds("ecommerce", map[string]any{"requests.storage": "1Mi"})), "exceeded quota: quota, requested: requests.storage=", postgres, ""},
		{"a claim that a LimitRange does not allow", change(modeltest.Add(model.LimitRangeType, "limits", map[string]any{
			"metadata": map[string]any{"name": "limits", "namespace": "ecommerce"},
			"spec":     map[string]any{"limits": []any{map[string]any{"type": "PersistentVolumeClaim", "max": map[string]any{"storage": "1Mi"}}}},
		})), "maximum storage usage per PersistentVolumeClaim is 1Mi, but request is", postgres, ""},
		{"a count of a kind", change(holds("ecommerce", map[string]any{"count/deployments.apps": "3"})), "requested: count/deployments.apps=1", "shop-redis", ""},
		{"the ConfigMap that every namespace has", change(holds("ecommerce", map[string]any{"configmaps": "5"})), "used: configmaps=5, limited: configmaps=5", "shop-redis-config", ""},
		{"as many as there are", change(holds("ecommerce", map[string]any{
			"services": "4", "services.nodeports": "1", "configmaps": "6", "secrets": "2", "persistentvolumeclaims": "1", "count/deployments.apps": "4",
			"count/serviceaccounts": "5", "resourcequotas": "2", // with the one that the program declares
		})), "", "", ""},
		{"another namespace's", change(holds("default", map[string]any{"services": "0"})), "", "", ""},
		{"a Service that is there stays, and a new one is refused", change(
			holds("ecommerce", map[string]any{"services": "3"}), stands("shop-redis"), stands(postgres), stands(frontend),
		), "Service backend of namespace ecommerce", backend, ""},
		{"a bound that came after what is there", change(
			holds("ecommerce", map[string]any{"services": "3"}),
			stands("shop-redis"), stands(postgres), stands(frontend), stands(backend),
		), "", "", ""},
		{"what controllers make", change(holds("ecommerce", map[string]any{"count/replicasets.apps": "1"})), "", "",
			model.QuotaType + ` quota spec.hard["count/replicasets.apps"]`},
		{"a bound that is not known", change(holds("ecommerce", map[string]any{"services": "3"}), modeltest.Unknown(model.QuotaType, "quota", "spec.hard.services")), "", "",
			model.QuotaType + " quota spec.hard.services"},
		{"no quota", nil, "", "", ""},
	},
}
