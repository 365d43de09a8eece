package rules_test

import "ecommerce-platform/policy/model/modeltest"

var objectFixtures = map[string][]fixture{
	"objects-unique": {
		{"two Services of one name", change(modeltest.Copy(serviceType, backend, "shop-again")), "Service ecommerce/backend is declared by shop-again and", backend, ""},
		{"one name in two namespaces", change(
			modeltest.Copy(serviceType, backend, "shop-again"), set(serviceType, "shop-again", "metadata.namespace", "other"),
		), "", "", ""},
		{"two objects whose names Pulumi makes up", change(
			modeltest.Copy(configMapType, "shop-redis-config", "shop-one"), modeltest.Unset(configMapType, "shop-one", "metadata.name"),
			modeltest.Copy(configMapType, "shop-redis-config", "shop-two"), modeltest.Unset(configMapType, "shop-two", "metadata.name"),
		), "", "", ""},
		{
			"a name is not known", change(modeltest.Unknown(serviceType, backend, "metadata.name")), "", "",
			serviceType + " " + backend + " metadata.name",
		},
	},
}
