package modeltest

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"ecommerce-platform/policy/model"
)

// Database is the resource of the Cluster that Replicated adds.
const Database = "shop-postgres"

// What Replicated puts in the place of the shop's one server, and how that is reached.
const (
	deploymentType    = "kubernetes:apps/v1:Deployment"
	volumeType        = "kubernetes:core/v1:PersistentVolume"
	operatorNamespace = "cnpg-system"
	operatorImage     = "ghcr.io/cloudnative-pg/cloudnative-pg:1.30.0"
)

// Replicated puts a Cluster of CloudNativePG with so many instances in the place of the shop's one database server, with its operator, a
// volume on each of the nodes, and policies that let through what instances need.
func Replicated(instances float64, nodes ...string) Change {
	return func(t testing.TB, resources []policyx.AnalyzerResource) []policyx.AnalyzerResource {
		t.Helper()
		for _, change := range replicated(instances, nodes) {
			resources = change(t, resources)
		}
		return resources
	}
}

func replicated(instances float64, nodes []string) []Change {
	changes := []Change{
		Remove(deploymentType, Database), Remove("kubernetes:core/v1:Service", Database), Remove("kubernetes:core/v1:ServiceAccount", Database),
		Remove("kubernetes:policy/v1:PodDisruptionBudget", Database), Remove("kubernetes:core/v1:PersistentVolumeClaim", Database),
		Remove("kubernetes:core/v1:ConfigMap", Database+"-scripts"),
		Set(deploymentType, "shop-backend", "spec.template.spec.containers[0].env[4].value", "postgres-rw"),
		Add(model.PostgresType, Database, cluster(instances)),
		Set(model.NetworkPolicyType, Database, "spec", traffic()),
		Add("kubernetes:core/v1:Namespace", "shop-postgres-operator", map[string]any{
			"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": operatorNamespace},
		}),
		Add(deploymentType, "shop-postgres-operator", operator()),
		Add("kubernetes:policy/v1:PodDisruptionBudget", "shop-postgres-operator", map[string]any{
			"apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
			"metadata": map[string]any{"name": "cnpg-controller-manager", "namespace": operatorNamespace},
			"spec":     map[string]any{"maxUnavailable": 1.0, "selector": map[string]any{"matchLabels": operatorLabels}},
		}),
	}
	for _, node := range nodes {
		name := Database + "-" + node
		changes = append(changes, Copy(volumeType, Database, name), Set(volumeType, name, "metadata.name", "ecommerce-postgres-"+node),
			Unset(volumeType, name, "spec.claimRef"),
			Set(volumeType, name, "spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].values[0]", node))
	}
	return append(changes, Remove(volumeType, Database))
}

var operatorLabels = map[string]any{"app.kubernetes.io/name": "cloudnative-pg"}

// tierLabels are those by which policies know the tier's pods.
var tierLabels = map[string]any{"app.kubernetes.io/name": "postgres", "app.kubernetes.io/part-of": "ecommerce-platform"}

func cluster(instances float64) map[string]any {
	quantities := func(cpu, memory string) map[string]any { return map[string]any{"cpu": cpu, "memory": memory} }
	return map[string]any{
		"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "metadata": map[string]any{"name": "postgres", "namespace": "ecommerce"},
		"spec": map[string]any{
			"instances": instances, "imageName": "docker.io/library/postgres:16", "imagePullPolicy": "IfNotPresent",
			"postgresUID": 999.0, "postgresGID": 999.0, "primaryUpdateStrategy": "unsupervised", "primaryUpdateMethod": "switchover", "enablePDB": true,
			"enableSuperuserAccess": true, "superuserSecret": map[string]any{"name": "postgres"},
			"bootstrap": map[string]any{"initdb": map[string]any{
				"database": "shop", "owner": "shop", "secret": map[string]any{"name": "postgres-application"}, "dataChecksums": true,
			}},
			"storage":   map[string]any{"storageClass": "ecommerce-postgres", "size": "1Gi"},
			"resources": map[string]any{"requests": quantities("400m", "512Mi"), "limits": quantities("1", "1Gi")},
			"affinity": map[string]any{
				"enablePodAntiAffinity": true, "podAntiAffinityType": "required", "topologyKey": "kubernetes.io/hostname",
				"tolerations": []any{map[string]any{"key": "tier", "operator": "Exists", "effect": "NoSchedule"}},
			},
			"postgresql": map[string]any{
				"synchronous": map[string]any{"method": "any", "number": 1.0, "dataDurability": "preferred"},
				"parameters":  map[string]any{"max_connections": "100"},
			},
			"inheritedMetadata":    map[string]any{"labels": tierLabels},
			"smartShutdownTimeout": 15.0, "stopDelay": 120.0,
		},
	}
}

// traffic is what the instances take in and send out.
func traffic() map[string]any {
	port := func(number float64, protocol string) []any {
		return []any{map[string]any{"port": number, "protocol": protocol}}
	}
	pods := func(labels map[string]any) map[string]any {
		return map[string]any{"podSelector": map[string]any{"matchLabels": labels}}
	}
	in := func(namespace string, labels map[string]any) map[string]any {
		peer := pods(labels)
		peer["namespaceSelector"] = map[string]any{"matchLabels": map[string]any{"kubernetes.io/metadata.name": namespace}}
		return peer
	}
	backend := map[string]any{"app.kubernetes.io/name": "backend", "app.kubernetes.io/part-of": "ecommerce-platform"}
	return map[string]any{
		"podSelector": map[string]any{"matchLabels": tierLabels}, "policyTypes": []any{"Ingress", "Egress"},
		"ingress": []any{
			map[string]any{"from": []any{pods(backend), pods(tierLabels)}, "ports": port(5432, "TCP")},
			map[string]any{"from": []any{in(operatorNamespace, operatorLabels)}, "ports": port(8000, "TCP")},
		},
		"egress": []any{
			map[string]any{"to": []any{pods(tierLabels)}, "ports": port(5432, "TCP")},
			map[string]any{"to": []any{in("kube-system", map[string]any{"k8s-app": "kube-dns"})}, "ports": port(53, "UDP")},
			map[string]any{"to": []any{map[string]any{"ipBlock": map[string]any{"cidr": "172.31.15.119/32"}}}, "ports": port(6443, "TCP")},
		},
	}
}

// operator runs on the control plane's node.
func operator() map[string]any {
	probe := map[string]any{"httpGet": map[string]any{"path": "/readyz", "port": 9443.0, "scheme": "HTTPS"}}
	return map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment",
		"metadata": map[string]any{"name": "cnpg-controller-manager", "namespace": operatorNamespace},
		"spec": map[string]any{
			"replicas": 1.0, "selector": map[string]any{"matchLabels": operatorLabels},
			"template": map[string]any{
				"metadata": map[string]any{"labels": operatorLabels},
				"spec": map[string]any{
					"nodeSelector":                 map[string]any{"kubernetes.io/hostname": "control-plane"},
					"tolerations":                  []any{map[string]any{"key": "node-role.kubernetes.io/control-plane", "operator": "Exists", "effect": "NoSchedule"}},
					"automountServiceAccountToken": false, // it mounts a token of its own
					"securityContext": map[string]any{
						"runAsNonRoot": true, "runAsUser": 10001.0, "seccompProfile": map[string]any{"type": "RuntimeDefault"},
					},
					"containers": []any{map[string]any{
						"name": "manager", "image": operatorImage, "args": []any{"controller"},
						"env":       []any{map[string]any{"name": "OPERATOR_IMAGE_NAME", "value": operatorImage}},
						"resources": map[string]any{"requests": map[string]any{"cpu": "100m", "memory": "128Mi"}}, "readinessProbe": probe, "livenessProbe": probe,
						"securityContext": map[string]any{
							"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": map[string]any{"drop": []any{"ALL"}},
						},
					}},
				},
			},
		},
	}
}
