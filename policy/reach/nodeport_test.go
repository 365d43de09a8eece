package reach_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/reach"
)

const (
	door = "platform-node-port-0.0.0.0_0"
	// handedOn is the rule for what one node hands on to pods of another one.
	handedOn = "platform-shop-pods"
)

// speaking is the page's Service with another protocol.
func speaking(protocol string) []modeltest.Change {
	return []modeltest.Change{
		modeltest.Set(serviceType, "shop-frontend", "spec.ports[0].protocol", protocol),
		modeltest.Set(serviceType, "shop-frontend", "spec.ports[0].targetPort", 80.0),
		policyOf("shop-frontend", "spec.ingress[0].ports", []any{map[string]any{"protocol": protocol, "port": 80.0}}),
	}
}

func ruled(name, protocol string) modeltest.Change {
	return modeltest.Set(model.IngressType, name, "ipProtocol", protocol)
}

// clients are the paths of clients, by where they lead and on which ports.
func clients(t *testing.T, changes ...modeltest.Change) (paths map[string]reach.Path, broken []string) {
	t.Helper()
	paths = map[string]reach.Path{}
	for _, path := range reach.Analyze(modeltest.Dev(t, changes...)) {
		if path.From == "clients" {
			paths[path.To+" "+path.Ports] = path
		}
		if path.Broken() {
			broken = append(broken, path.From+" "+path.To+" "+path.What+" "+path.Ports+": "+path.Remedy)
		}
	}
	return paths, broken
}

func TestANodePortHasItsServicesProtocol(t *testing.T) {
	t.Run("TCP does not let UDP in", func(t *testing.T) {
		paths, broken := clients(t, speaking("UDP")...)
		path := paths["worker-node-1 udp 30080"]
		assert.Equal(t, reach.Closed, path.State)
		assert.Equal(t, "add an ingress rule to security group platform-worker: udp 30080 from the blocks of the clients", path.Remedy)
		assert.NotContains(t, paths, "worker-node-1 tcp 30080")
		assert.Contains(t, broken, "the internet worker-node-1 anything else every other port: remove "+door+
			", which opens tcp port 30080 to 0.0.0.0/0, or name the blocks that need it")
		assert.Len(t, broken, 2+2)
	})
	t.Run("UDP does", func(t *testing.T) {
		paths, broken := clients(t, append(speaking("UDP"), ruled(door, "udp"), ruled(handedOn, "udp"))...)
		assert.Equal(t, reach.Open, paths["worker-node-1 udp 30080"].State)
		assert.Empty(t, broken)
	})
	t.Run("and is handed on as UDP", func(t *testing.T) {
		_, broken := clients(t, append(speaking("UDP"), ruled(door, "udp"))...)
		require.Len(t, broken, 2)
		assert.Contains(t, broken[0], "udp 80 from security group platform-node")
	})
	t.Run("SCTP is a protocol that AWS knows by its number, without ports", func(t *testing.T) {
		paths, broken := clients(t, append(speaking("SCTP"), ruled(door, "132"), ruled(handedOn, "132"))...)
		assert.Equal(t, reach.Open, paths["worker-node-1 sctp 30080"].State)
		assert.Empty(t, broken)
	})
	t.Run("one number may be two ports", func(t *testing.T) {
		second := modeltest.Set(serviceType, "shop-frontend", "spec.ports", []any{
			map[string]any{"name": "http", "port": 80.0, "nodePort": 30080.0, "targetPort": "http"},
			map[string]any{"name": "quic", "port": 80.0, "nodePort": 30080.0, "targetPort": 80.0, "protocol": "UDP"},
		})
		paths, broken := clients(t, second, policyOf("shop-frontend", "spec.ingress[0].ports", []any{}))
		assert.Equal(t, reach.Open, paths["worker-node-1 tcp 30080"].State)
		assert.Equal(t, reach.Closed, paths["worker-node-1 udp 30080"].State)
		assert.Len(t, broken, 2)
	})
}

// A name of a port is that of one protocol.
func TestANamedPortOfAnotherProtocolIsNone(t *testing.T) {
	named := modeltest.Set(serviceType, "shop-frontend", "spec.ports[0].targetPort", "http")
	paths, _ := clients(t, named)
	assert.Contains(t, paths, "frontend tcp 80")
	paths, _ = clients(t, named, modeltest.Set(serviceType, "shop-frontend", "spec.ports[0].protocol", "UDP"))
	for where := range paths {
		assert.NotContains(t, where, "frontend ")
	}
	ports := modeltest.Set(deploymentType, "shop-frontend", "spec.template.spec.containers[0].ports", []any{
		map[string]any{"name": "http", "containerPort": 80.0}, map[string]any{"name": "http", "containerPort": 8443.0, "protocol": "UDP"},
	})
	paths, _ = clients(t, named, ports, modeltest.Set(serviceType, "shop-frontend", "spec.ports[0].protocol", "UDP"))
	assert.Contains(t, paths, "frontend udp 8443")
	assert.NotContains(t, paths, "frontend tcp 80")
}

func TestANodeHandsOnWhatItTakesIn(t *testing.T) {
	without := modeltest.Remove(model.IngressType, handedOn)
	_, broken := clients(t, without)
	require.Len(t, broken, 2)
	t.Run("not where pods of other nodes get nothing", func(t *testing.T) {
		_, broken := clients(t, without, modeltest.Set(serviceType, "shop-frontend", "spec.externalTrafficPolicy", "Local"))
		assert.Empty(t, broken)
	})
	t.Run("not what another NodePort leads to", func(t *testing.T) {
		other := modeltest.Set(serviceType, "shop-backend", "spec.type", "NodePort")
		_, broken := clients(t, other, modeltest.Set(serviceType, "shop-backend", "spec.ports[0].nodePort", 30090.0),
			policyOf("shop-backend", "spec.ingress[0].from", []any{}))
		for _, path := range broken {
			assert.Contains(t, path, "tcp 30090 from the blocks of the clients", "that alone is missing")
		}
		assert.Len(t, broken, 2)
	})
}
