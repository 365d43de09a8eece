package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/pulumitest"
)

// standing makes the run one of a stack that came out of an earlier update whole, with these nodes.
func standing(nodes string) pulumitest.Option {
	var list []any
	for pair := range strings.FieldsSeq(nodes) {
		name, address, _ := strings.Cut(pair, "=")
		list = append(list, map[string]any{"name": name, "privateIp": address, "instanceType": "t3.medium"})
	}
	return pulumitest.Invoke(readStackOutputs, func(args map[string]any) (map[string]any, error) {
		return map[string]any{"name": args["name"], "outputs": map[string]any{"nodes": list, "kubeconfig": pulumitest.Secret("kind: Config\n")}}, nil
	})
}

const asInDev = "control-plane=172.31.15.119 worker-node-1=172.31.2.239 worker-node-2=172.31.7.250"

func TestMachinesWaitForTheirTurn(t *testing.T) {
	rec, err := run(t, devStack(t), secrets(), standing(asInDev))
	require.NoError(t, err, "held back, and not for ever")
	first, err := run(t, devStack(t), secrets())
	require.NoError(t, err)
	place := func(rec *pulumitest.Recorder, kind, name string) int {
		for i, r := range rec.All() {
			if r.Type == kind && r.Name == name {
				return i
			}
		}
		t.Fatalf("no %s", name)
		return 0
	}
	for _, node := range []string{"control-plane", "worker-node-1", "worker-node-2"} {
		leave := "platform-control-plane-clear-" + node
		assert.Less(t, place(rec, "command:remote:Command", leave), place(rec, infraInstance, node), "pods leave first")
		assert.Greater(t, place(first, "command:remote:Command", leave), place(first, infraInstance, node), "on a new platform there are none")
		machine := rec.Get(t, infraInstance, node)
		assert.Equal(t, first.Get(t, infraInstance, node).Dependencies, machine.Dependencies, "an order of changes is no dependency")
	}
}

func TestMachinesOfAnInfraStackChangeOneAfterTheOther(t *testing.T) {
	rec, err := run(t, devStack(t).with("layers", `["infra"]`), secrets(), standing(asInDev))
	require.NoError(t, err)
	var order []string
	for _, r := range rec.All() {
		if r.Type == infraInstance {
			order = append(order, r.Name)
		}
	}
	assert.Equal(t, []string{"control-plane", "worker-node-1", "worker-node-2"}, order)
}

func TestAnInfraStackSaysWhichMachinesStopWithTheirPods(t *testing.T) {
	larger := devStack(t).with("layers", `["infra"]`).with("instanceType", "t3.large")
	for name, c := range map[string]struct {
		config stack
		want   int
	}{
		"another type": {larger, 3}, "the same": {devStack(t).with("layers", `["infra"]`), 0},
		"with the cluster, which is drained": {devStack(t).with("instanceType", "t3.large"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			rec, err := run(t, c.config, secrets(), standing(asInDev), pulumitest.Preview())
			require.NoError(t, err)
			var said []string
			for _, log := range rec.Logs() {
				if strings.Contains(log, "stops with the pods that it has") {
					said = append(said, log)
				}
			}
			assert.Len(t, said, c.want)
		})
	}
}

func TestAddressesThatAreInUse(t *testing.T) {
	for name, c := range map[string]struct{ deployed, want string }{
		"of a node with another name": {
			"control-plane=172.31.15.119 old=172.31.2.239 worker-node-2=172.31.7.250",
			`nodes[1].privateIp "172.31.2.239": old has it until an update has taken it away; give worker-node-1 another one, or run ` + "`pulumi up` before without it",
		},
		"of each other": {
			"control-plane=172.31.15.119 worker-node-1=172.31.7.250 worker-node-2=172.31.2.239",
			`nodes[2].privateIp "172.31.7.250": worker-node-1 has it`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, mode := range []pulumitest.Option{standing(c.deployed), pulumitest.PreviewUpdate()} {
				rec, err := run(t, devStack(t), secrets(), standing(c.deployed), mode)
				require.ErrorContains(t, err, c.want)
				assert.Equal(t, []string{stash}, rec.Types(), "nothing else may be registered")
			}
		})
	}
}
