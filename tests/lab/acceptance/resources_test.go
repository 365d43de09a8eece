package acceptance_test

import (
	"maps"

	"ecommerce-platform/tests/lab/acceptance/wire"
)

// Resources of the program, as its author knows them.
var (
	frontend = deployment("frontend")
	backend  = deployment("backend")
	postgres = deployment("postgres")
	redis    = deployment("redis")

	subnetType = "aws:ec2/subnet:Subnet"
	container  = "spec.template.spec.containers[0]."
)

func instance(name string) wire.Edit {
	return wire.Edit{Type: "aws:ec2/instance:Instance", Name: name}
}

func ingress(name string) wire.Edit {
	return wire.Edit{Type: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", Name: "platform-" + name}
}

func networkPolicy(tier string) wire.Edit {
	return wire.Edit{Type: "kubernetes:networking.k8s.io/v1:NetworkPolicy", Name: "shop-" + tier}
}

func command(name string) wire.Edit {
	return wire.Edit{Type: "command:remote:Command", Name: "platform-" + name}
}

func pool() wire.Edit {
	return wire.Edit{Type: "kubernetes:crd.projectcalico.org/v1:IPPool", Name: "platform-pool"}
}

func nodePatch(node string) wire.Edit {
	return wire.Edit{Type: "kubernetes:core/v1:NodePatch", Name: "platform-" + node + "-labels"}
}

func deployment(tier string) wire.Edit {
	return wire.Edit{Type: "kubernetes:apps/v1:Deployment", Name: "shop-" + tier}
}

func backendService() wire.Edit {
	return wire.Edit{Type: "kubernetes:core/v1:Service", Name: "shop-backend"}
}

func budget(tier string) wire.Edit {
	return wire.Edit{Type: "kubernetes:policy/v1:PodDisruptionBudget", Name: "shop-" + tier}
}

func volume() wire.Edit {
	return wire.Edit{Type: "kubernetes:core/v1:PersistentVolume", Name: "shop-postgres"}
}

func set(e wire.Edit, path string, value any) wire.Edit {
	e.Set = maps.Clone(e.Set)
	if e.Set == nil {
		e.Set = map[string]any{}
	}
	e.Set[path] = value
	return e
}

func without(e wire.Edit, paths ...string) wire.Edit {
	e.Delete = append(e.Delete[:len(e.Delete):len(e.Delete)], paths...)
	return e
}

func dropped(e wire.Edit) wire.Edit {
	e.Drop = true
	return e
}

func copied(e wire.Edit, name string) wire.Edit {
	e.Copy = name
	return e
}

func referring(e wire.Edit, property string, to wire.Reference) wire.Edit {
	e.Refer = map[string]wire.Reference{property: to}
	return e
}

func following(e wire.Edit, property string) wire.Edit {
	e.Follow = []string{property}
	return e
}

// object is a value of a configuration key.
type object = map[string]any

// node is an entry of the nodes key.
func node(name, role, address string, labels object, more object) object {
	n := object{"name": name, "role": role, "privateIp": address}
	if labels != nil {
		n["labels"] = labels
	}
	maps.Copy(n, more)
	return n
}

var (
	master        = node("control-plane", "control-plane", "172.31.15.119", nil, nil)
	frontendNode  = frontendNodeWith(nil)
	backendNode   = backendNodeWith(nil)
	frontendLabel = object{"tier": "frontend", "storage": "ssd"}
	backendLabel  = object{"tier": "backend", "storage": "hdd"}
)

func frontendNodeWith(more object) object {
	return node("worker-node-1", "worker", "172.31.2.239", object{"tier": "frontend", "storage": "ssd"}, more)
}

func backendNodeWith(more object) object {
	return node("worker-node-2", "worker", "172.31.7.250", object{"tier": "backend", "storage": "hdd"}, more)
}

func taint(key, value, effect string) object {
	return object{"taints": []any{object{"key": key, "value": value, "effect": effect}}}
}
