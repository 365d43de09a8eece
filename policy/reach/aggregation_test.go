package reach_test

import (
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	"github.com/stretchr/testify/assert"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/reach"
)

// extended lets a Service of the shop answer for an API.
func extended(service, group string) modeltest.Change {
	return func(_ testing.TB, resources []policyx.AnalyzerResource) []policyx.AnalyzerResource {
		const token = "kubernetes:apiregistration.k8s.io/v1:APIService"
		return append(resources, policyx.AnalyzerResource{
			Type: token, Name: "api", URN: "urn:pulumi:dev::ecommerce-platform::" + token + "::api",
			Properties: property.NewMap(map[string]property.Value{"spec": property.New(map[string]property.Value{
				"group":   property.New(group),
				"service": property.New(map[string]property.Value{"name": property.New(service), "namespace": property.New("ecommerce")}),
			})}),
		})
	}
}

// admitted is an ingress rule like the one for kubelets, between other groups.
func admitted(name, group, from string, port float64) []modeltest.Change {
	const groups = "aws:ec2/securityGroup:SecurityGroup"
	return []modeltest.Change{
		modeltest.Copy(model.IngressType, "platform-kubelet", name),
		modeltest.From(model.IngressType, name, "securityGroupId", groups, group), modeltest.From(model.IngressType, name, "referencedSecurityGroupId", groups, from),
		modeltest.Set(model.IngressType, name, "fromPort", port), modeltest.Set(model.IngressType, name, "toPort", port),
	}
}

func TestExtensionsOfTheAPIServer(t *testing.T) {
	broken := func(changes ...modeltest.Change) map[string]string {
		found := map[string]string{}
		for _, path := range reach.Analyze(modeltest.Dev(t, changes...)) {
			if path.Broken() {
				found[path.From+" "+path.To+" "+path.What+" "+path.Ports] = path.Remedy
			}
		}
		return found
	}
	metrics := extended("backend", "metrics.k8s.io")
	without := broken(metrics)
	assert.Len(t, without, 6, "two workers are asked, and ask each other and the control plane")
	assert.Contains(t, without["control-plane worker-node-2 API extension tcp 8080"], "tcp 8080 from security group")
	assert.Contains(t, without["worker-node-1 control-plane kubelet metrics tcp 10250"], "tcp 10250 from security group")
	assert.Contains(t, without, "worker-node-1 worker-node-2 kubelet metrics tcp 10250")

	rules := slices.Concat([]modeltest.Change{metrics}, admitted("asked", "platform-worker", "platform-control-plane", 8080))
	assert.Len(t, broken(rules...), 4, "the API server reaches the pods")
	assert.Empty(t, broken(append(rules, admitted("asks", "platform-node", "platform-worker", 10250)...)...))
	assert.Len(t, broken(extended("backend", "example.com")), 2, "another extension asks no kubelet")
}
