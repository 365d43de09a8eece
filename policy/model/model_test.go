package model_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"ecommerce-platform/cluster/versions"
	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
)

const (
	deployment = "kubernetes:apps/v1:Deployment"
	nodePatch  = "kubernetes:core/v1:NodePatch"
)

func TestTheFirstPreviewOfTheDevStack(t *testing.T) {
	stack := modeltest.Dev(t)
	assert.Equal(t, []string{"infra", "cluster", "workloads"}, stack.Layers())
	facts := stack.Facts
	assert.NotEmpty(t, facts.APIServer, "what the API server is started with")
	facts.APIServer = nil
	assert.Equal(t, model.Facts{
		PodCidr: "192.168.0.0/16", ServiceCidr: "10.96.0.0/12", CalicoVersion: versions.All.Calico.Version,
		KubernetesVersion: versions.All.Kubernetes.Of(versions.All.Kubernetes.Default).Version,
		ContainerdVersion: versions.All.Containerd.Version,
	}, facts)
	require.Len(t, stack.Nodes, 3)
	control, worker := stack.Node("control-plane"), stack.Node("worker-node-1")
	assert.Equal(t, model.ControlPlane, control.Role)
	assert.Equal(t, []corev1.Taint{{Key: model.ControlPlaneTaint, Effect: corev1.TaintEffectNoSchedule}}, control.Taints)
	assert.Equal(t, "172.31.2.239", worker.PrivateIP)
	assert.Equal(t, "frontend", worker.Labels["tier"])
	assert.Equal(t, "worker-node-1", worker.Labels[corev1.LabelHostname])
	assert.Empty(t, worker.Taints)
	assert.Equal(t, "platform-public", worker.Subnet.Name)
	assert.Equal(t, []string{"platform-node", "platform-worker"}, []string{worker.Groups[0].Name, worker.Groups[1].Name})
	require.Len(t, worker.StaticPods, 1)
	assert.Equal(t, map[string]string{"cpu": "50m", "memory": "64Mi"}, worker.StaticPods[0].Requests)
	assert.Len(t, stack.Deployments, 4)
	assert.Empty(t, modeltest.Gaps(stack))
}

// What a stack's state says of a node is as it was when the state was written, when the node may just have joined.
func TestTaintsThatPassAreNoneOfTheNode(t *testing.T) {
	const patch = "kubernetes:core/v1:NodePatch"
	stack := modeltest.Dev(t, modeltest.Set(patch, "platform-worker-node-1-labels", "spec", map[string]any{"taints": []any{
		map[string]any{"key": "node.kubernetes.io/not-ready", "effect": "NoExecute", "timeAdded": "2026-11-30T21:50:35Z"},
		map[string]any{"key": "tier", "value": "frontend", "effect": "NoSchedule"},
		map[string]any{"key": "node.kubernetes.io/out-of-service", "effect": "NoExecute"},
	}}))
	assert.Equal(t, []corev1.Taint{
		{Key: "tier", Value: "frontend", Effect: corev1.TaintEffectNoSchedule},
		{Key: corev1.TaintNodeOutOfService, Effect: corev1.TaintEffectNoExecute},
	}, stack.Node("worker-node-1").Taints)
}

func TestAllocatable(t *testing.T) {
	for name, c := range map[string]struct {
		kubelet     map[string]any
		cpu, memory int64 // millicores, MiB
	}{
		"the kubelet's defaults keep 100 MiB back":       {nil, 2000, 3688},
		"reservations come off":                          {map[string]any{"systemReserved": map[string]any{"cpu": "200m", "memory": "188Mi"}}, 1800, 3500},
		"an eviction threshold in percent of the memory": {map[string]any{"evictionHard": map[string]any{"memory.available": "50%"}}, 2000, 1894},
		"without an eviction threshold":                  {map[string]any{"evictionHard": map[string]any{"memory.available": "0%"}}, 2000, 3788},
	} {
		t.Run(name, func(t *testing.T) {
			stack := modeltest.Dev(t, modeltest.Set(model.ClusterType, "platform", "kubelet", c.kubelet))
			allocatable := stack.Node("worker-node-1").Allocatable
			assert.Equal(t, c.cpu, allocatable.Cpu().MilliValue())
			assert.Equal(t, c.memory, allocatable.Memory().Value()>>20)
		})
	}
}

func TestUnknownsAreNoZeroValues(t *testing.T) {
	t.Run("a size that only the deployment tells", func(t *testing.T) {
		node := modeltest.Dev(t, modeltest.Unknown(model.InstanceType, "worker-node-1", "instanceType")).Node("worker-node-1")
		assert.Nil(t, node.Allocatable)
		assert.Equal(t, "aws:ec2/instance:Instance worker-node-1 instanceType", node.CapacityUnknown.String())
	})
	t.Run("a size that the pack does not know", func(t *testing.T) {
		node := modeltest.Dev(t, modeltest.Set(model.InstanceType, "worker-node-1", "instanceType", "x9.huge")).Node("worker-node-1")
		assert.Contains(t, node.CapacityUnknown.String(), `instance type "x9.huge"`)
	})
	t.Run("a machine in another stack", func(t *testing.T) {
		node := modeltest.Dev(t, modeltest.Remove(model.InstanceType, "worker-node-1")).Node("worker-node-1")
		assert.Equal(t, "capacity of node worker-node-1: its machine is in another stack", node.CapacityUnknown.String())
	})
	t.Run("a label", func(t *testing.T) {
		stack := modeltest.Dev(t, modeltest.Unknown(nodePatch, "platform-worker-node-1-labels", "metadata.labels.tier"))
		assert.Equal(t, []string{nodePatch + " platform-worker-node-1-labels metadata.labels.tier"}, modeltest.Gaps(stack))
	})
	t.Run("an unknown in a list keeps the index of what follows", func(t *testing.T) {
		stack := modeltest.Dev(t, modeltest.Unknown(deployment, "shop-backend", "spec.template.spec.containers[0].env[0]"))
		r := stack.Find(deployment, "shop-backend")
		assert.True(t, r.Unknown("spec.template.spec.containers[0].env[0].value"))
		assert.False(t, r.Unknown("spec.template.spec.containers[0].image"))
		_, known := r.Text("spec.template.spec.containers[0].env[0].value")
		assert.False(t, known)
		image, known := r.Text("spec.template.spec.containers[0].image")
		assert.True(t, known)
		assert.Equal(t, "nginx:alpine", image)
	})
}

// The command provider's Check turns an unknown secret into the empty value of its type.
func TestForgottenUnknownsAreUnknown(t *testing.T) {
	const step = "platform-worker-node-1-prepare"
	secret := func(value property.Value) property.Value { return value.WithSecret(true) }
	for name, c := range map[string]struct {
		path    string
		value   property.Value
		unknown bool
	}{
		"an empty secret":                {"stdin", secret(property.New("")), true},
		"an empty text":                  {"stdin", property.New(""), false},
		"a secret":                       {"stdin", secret(property.New("x")), false},
		"a connection without a host":    {"connection", secret(property.New(map[string]property.Value{"host": property.New("")})), true},
		"a connection that is no secret": {"connection", property.New(map[string]property.Value{"host": property.New("")}), false},
		"a connection":                   {"connection", secret(property.New(map[string]property.Value{"host": property.New("h")})), false},
	} {
		t.Run(name, func(t *testing.T) {
			r := modeltest.Dev(t, modeltest.Set(model.CommandType, step, c.path, c.value)).Find(model.CommandType, step)
			assert.Equal(t, c.unknown, r.Unknown(c.path))
		})
	}
	stack := modeltest.Dev(t, modeltest.Set("kubernetes:core/v1:Secret", "shop-postgres", "stringData.password", secret(property.New(""))))
	assert.False(t, stack.Find("kubernetes:core/v1:Secret", "shop-postgres").Unknown("stringData.password"), "other providers forget nothing")
}

func TestSecretsAreSeenThrough(t *testing.T) {
	secret := modeltest.Dev(t, modeltest.Set("kubernetes:core/v1:Secret", "shop-postgres", "stringData.password", property.New("hunter2").WithSecret(true))).
		Find("kubernetes:core/v1:Secret", "shop-postgres")
	assert.True(t, secret.Secret("stringData.password"))
	assert.False(t, secret.Secret("metadata.name"))
	value, known := secret.Text("stringData.password")
	assert.True(t, known)
	assert.NotEmpty(t, value)
}

func TestMalformedObjectsSayWhy(t *testing.T) {
	stack := modeltest.Dev(t, modeltest.Set(deployment, "shop-redis", "spec.template.spec.containers[0].resources.requests.cpu", "lots"))
	for _, d := range stack.Deployments {
		if d.Name == "shop-redis" {
			require.ErrorContains(t, d.Malformed, "quantities must match")
			return
		}
	}
	t.Fatal("shop-redis is missing")
}

// A provider that cannot be configured yet answers nothing; then what the program declares is all there is.
func TestObserverCompletesEmptyOutputs(t *testing.T) {
	observer := &model.Observer{}
	inputs := property.NewMap(map[string]property.Value{
		"spec": property.New(map[string]property.Value{
			"replicas": property.New(3.0), "host": property.New(property.Computed),
		}),
		"id": property.New(property.Computed),
	})
	require.NoError(t, observer.Observe(t.Context(), policyx.ResourceValidationArgs{
		Resource: policyx.AnalyzerResource{URN: "urn:a", Properties: inputs},
	}))
	complete := func(outputs map[string]property.Value) property.Map {
		return observer.Complete([]policyx.AnalyzerResource{{URN: "urn:a", Properties: property.NewMap(outputs)}})[0].Properties
	}
	assert.True(t, complete(nil).Equals(inputs))

	known := complete(map[string]property.Value{
		"id":     property.New("i-1"),
		"spec":   property.New(map[string]property.Value{"replicas": property.New(1.0), "host": property.New("h")}),
		"status": property.New("up"),
	})
	assert.Equal(t, "i-1", known.Get("id").AsString(), "what the input lacks, the output has")
	assert.Equal(t, "h", known.Get("spec").AsMap().Get("host").AsString())
	assert.InDelta(t, 3, known.Get("spec").AsMap().Get("replicas").AsNumber(), 0, "the program's word counts")
	assert.Equal(t, "up", known.Get("status").AsString())
}

// AWS answers with all rules of a group and all routes of a table, as they were: where the program lists none, that says nothing of what
// it declares.
func TestAnAnswerIsNoDeclaration(t *testing.T) {
	rules := property.New([]property.Value{property.New(map[string]property.Value{"protocol": property.New("-1")})})
	for name, c := range map[string]struct {
		token    string
		inputs   map[string]property.Value
		declared bool
	}{
		"rules that are resources of their own": {model.GroupType, map[string]property.Value{"description": property.New("d")}, false},
		"a list of rules":                       {model.GroupType, map[string]property.Value{"ingress": rules}, true},
		"another type":                          {model.InstanceType, nil, true},
	} {
		observer := &model.Observer{}
		require.NoError(t, observer.Observe(t.Context(), policyx.ResourceValidationArgs{
			Resource: policyx.AnalyzerResource{URN: "urn:a", Type: c.token, Properties: property.NewMap(c.inputs)},
		}))
		complete := observer.Complete([]policyx.AnalyzerResource{{
			URN: "urn:a", Type: c.token, Properties: property.NewMap(map[string]property.Value{"ingress": rules}),
		}})
		_, there := complete[0].Properties.GetOk("ingress")
		assert.Equal(t, c.declared, there, name)
	}
}

// What the program declares and no resource tells, such as a value of another service, is not what the program leaves to AWS.
func TestAnUnknownThatNoResourceTellsIsDeclared(t *testing.T) {
	observer := &model.Observer{}
	require.NoError(t, observer.Observe(t.Context(), policyx.ResourceValidationArgs{
		Resource: policyx.AnalyzerResource{URN: "urn:a", Type: model.InstanceType, Properties: property.NewMap(map[string]property.Value{
			"instanceType": property.New(property.Computed), "privateIp": property.New("10.0.0.1"),
		})},
	}))
	complete := observer.Complete([]policyx.AnalyzerResource{{URN: "urn:a", Type: model.InstanceType, Properties: property.NewMap(map[string]property.Value{
		"arn": property.New(property.Computed),
	})}})
	stack := model.Read(complete)
	instance := stack.Of(model.InstanceType)[0]
	assert.NotEmpty(t, instance.References("instanceType"))
	assert.Empty(t, instance.References("arn"), "the program says nothing of it")
	assert.Empty(t, instance.References("privateIp"))
}
