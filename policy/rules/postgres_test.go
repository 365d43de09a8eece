package rules_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	"github.com/stretchr/testify/assert"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/rules"
)

var (
	both = modeltest.Replicated(2, "worker-node-1", "worker-node-2")
	one  = modeltest.Replicated(1, "worker-node-2")
)

func clusterOf(path string, value any) modeltest.Change {
	return modeltest.Set(model.PostgresType, postgres, path, value)
}

// postgresFixtures are of the objects that an operator makes of a Cluster.
var postgresFixtures = map[string][]fixture{
	"references-exist": {
		{"a Secret of the superuser that is not there", change(both, clusterOf("spec.superuserSecret.name", "admin")),
			`Cluster postgres needs Secret "admin", which namespace ecommerce does not have (spec.superuserSecret.name)`, postgres, ""},
		{"a key that it lacks", change(both, modeltest.Unset(secretType, postgres, "stringData.username")),
			`Cluster postgres needs key "username" of Secret "postgres"`, postgres, ""},
		{"Secrets that are there", change(both), "", "", ""},
		{"a Secret that the operator makes", change(both, modeltest.Unset(model.PostgresType, postgres, "spec.bootstrap.initdb.secret"),
			deployment(backend, container+"env[6].valueFrom.secretKeyRef.name", "postgres-app")), "", "", ""},
		{
			"it is not known", change(both, modeltest.Unknown(model.PostgresType, postgres, "spec.superuserSecret.name")), "", "",
			model.PostgresType + " " + postgres + " spec.superuserSecret.name",
		},
	},
	"service-selects-pods": {
		{"a Service of the program's", change(both, serviceOf(backend, `spec.selector["app.kubernetes.io/name"]`, "api")), "Service backend selects", backend, ""},
		{"the standbys of a database that has none", change(one), "", "", ""},
		{"the primary and the standbys", change(both), "", "", ""},
	},
	"urls-resolve": {
		{"the one server that is gone", change(both, deployment(backend, container+"env[4].value", "postgres")),
			"PGHOST of container backend leads nowhere: namespace ecommerce has no Service postgres", backend, ""},
		{"the standbys of a database that has none", change(one, deployment(backend, container+"env[4].value", "postgres-ro")),
			"Service postgres-ro has no instance behind it", backend, ""},
		{"another port", change(both, deployment(backend, container+"env[5].value", "5433")), "Service postgres-rw has port 5432, not 5433", backend, ""},
		{"the primary", change(both), "", "", ""},
		{"the standbys", change(both, deployment(backend, container+"env[4].value", "postgres-ro")), "", "", ""},
	},
	"objects-unique": {
		{"a Service that the operator makes", change(both, modeltest.Copy(serviceType, backend, "shop-own"), serviceOf("shop-own", "metadata.name", "postgres-rw")),
			"Service ecommerce/postgres-rw is declared by", postgres, ""},
		{"each once", change(both), "", "", ""},
	},
	"namespace-has-room": {
		{"fewer Services than the operator makes", change(both, holds("ecommerce", map[string]any{"services": "5"})),
			"Service postgres-r of namespace ecommerce: the API server refuses it: exceeded quota", postgres, ""},
		{"as many as there are", change(both, holds("ecommerce", map[string]any{"services": "6", "secrets": "5"})), "", "", ""},
	},
	"budget-exists": {
		{"the operator makes none", change(both, clusterOf("spec.enablePDB", false)), "no PodDisruptionBudget counts the pods of postgres", postgres, ""},
		{"another one besides the operator's", change(both, modeltest.Copy(budgetType, backend, "shop-own"),
			set(budgetType, "shop-own", "spec.selector.matchLabels", map[string]any{"app.kubernetes.io/name": "postgres"})), "pods of postgres are counted by 2 budgets", postgres, ""},
		{"the operator's", change(both), "", "", ""},
	},
	"budget-honoured": {
		{"one instance", change(one), "budget postgres-primary of Cluster postgres, which has one instance, lets it not go", postgres, ""},
		{"a standby", change(both), "", "", ""},
		{"two standbys", change(both, clusterOf("spec.instances", 3)), "", "", ""},
		{"one instance that may go", change(one, clusterOf("spec.enablePDB", false)), "", "", ""},
		{
			"it is not known", change(both, modeltest.Unknown(model.PostgresType, postgres, "spec.instances")), "", "",
			model.PostgresType + " " + postgres + " spec.instances",
		},
	},
	"no-api-token": {
		{"pods of the program's", change(both, modeltest.Unset(deploymentType, backend, "spec.template.spec.automountServiceAccountToken")), "pods of backend", backend, ""},
		{"instances, which ask the API server, and their operator", change(both), "", "", ""},
	},
	"image-tag": {
		{"the newest", change(both, clusterOf("spec.imageName", "docker.io/library/postgres:latest")), "container postgres is whatever was pushed last", postgres, ""},
		{"a version", change(both), "", "", ""},
		{
			"it is not known", change(both, modeltest.Unknown(model.PostgresType, postgres, "spec.imageName")), "", "",
			model.PostgresType + " " + postgres + " spec.imageName",
		},
	},
	"restricted-profile": {
		{"more rights", change(both, clusterOf("spec.securityContext", map[string]any{"allowPrivilegeEscalation": true})), "pods of postgres: allowPrivilegeEscalation", postgres, ""},
		{"what the operator sets", change(both), "", "", ""},
	},
	"read-only-root": {
		{"an image that writes", change(both, deployment(backend, container+"securityContext.readOnlyRootFilesystem", false)), "container backend can write", backend, ""},
		{"what the operator sets", change(both), "", "", ""},
	},
	"node-selector-matches": {
		{"a label that no node has", change(both, clusterOf("spec.affinity.nodeSelector", map[string]any{"tier": "database"})), "pods of postgres ask for tier=database", postgres, ""},
		{"any node", change(both), "", "", ""},
	},
	"labels-valid": {
		{"a space in a label", change(both, clusterOf("spec.inheritedMetadata.labels.team", "the shop")), `pods of postgres have the label team="the shop"`, postgres, ""},
		{"the tier's", change(both), "", "", ""},
	},
	"objects-well-formed": {
		{"a quantity that is none", change(both, clusterOf("spec.resources.requests.cpu", "lots")), "cannot read it", postgres, ""},
		{"as it is", change(both), "", "", ""},
	},
}

func TestAReplicatedDatabaseBreaksNoRule(t *testing.T) {
	for _, rule := range rules.All {
		if rule.Level == policyx.EnforcementLevelMandatory {
			assert.Empty(t, rule.Check(modeltest.Dev(t, both)), rule.Name)
		}
	}
}
