package twin_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/machines"
	"ecommerce-platform/tests/lab/twin"
)

// recorder stands for Docker: it keeps what it was told, and fails a launch when told to.
type recorder struct {
	sync.Mutex
	networks  map[string]machines.Network
	machines  map[string]machines.Machine // by container
	firewalls map[string]string
	restarts  map[string]string // user data by container
	sizes     map[string]machines.Size
	stopped   map[string]bool
	disks     map[string]int    // GiB by volume
	holders   map[string]string // container by volume
	gateway   machines.Gateway
	failure   error  // of a launch
	loose     error  // of an attachment
	stuck     error  // of a restart
	refusal   error  // of a rule set
	leaving   func() // what happens while a machine is being removed
}

func newRecorder() *recorder {
	return &recorder{networks: map[string]machines.Network{}, machines: map[string]machines.Machine{},
		firewalls: map[string]string{}, restarts: map[string]string{}, sizes: map[string]machines.Size{}, stopped: map[string]bool{},
		disks: map[string]int{}, holders: map[string]string{}}
}

func (r *recorder) CreateNetwork(_ context.Context, n machines.Network) error {
	r.networks[n.ID] = n
	return nil
}

func (r *recorder) RemoveNetwork(_ context.Context, id string) error {
	delete(r.networks, id)
	return nil
}

func (r *recorder) Launch(_ context.Context, m machines.Machine) error {
	r.Lock()
	defer r.Unlock()
	if r.failure != nil {
		return r.failure
	}
	r.machines[m.Container], r.firewalls[m.Container], r.sizes[m.Container] = m, m.Firewall, m.Size
	return nil
}

func (r *recorder) Restart(_ context.Context, container string, size machines.Size, userData []byte) error {
	if r.stuck != nil {
		return r.stuck
	}
	r.restarts[container], r.sizes[container] = string(userData), size
	return nil
}

func (r *recorder) Power(_ context.Context, container string, on bool) error {
	r.stopped[container] = !on
	return nil
}

func (r *recorder) MakeDisk(_ context.Context, d machines.Disk) error {
	r.disks[d.ID] = d.GiB
	return nil
}

func (r *recorder) GrowDisk(ctx context.Context, d machines.Disk) error { return r.MakeDisk(ctx, d) }

func (r *recorder) RemoveDisk(_ context.Context, d machines.Disk) error {
	delete(r.disks, d.ID)
	return nil
}

func (r *recorder) Attach(_ context.Context, container string, d machines.Disk) error {
	if r.loose != nil {
		return r.loose
	}
	r.holders[d.ID] = container
	return nil
}

func (r *recorder) Detach(_ context.Context, container string, d machines.Disk) error {
	if !r.stopped[container] {
		return fmt.Errorf("volume %s stays busy", d.ID)
	}
	delete(r.holders, d.ID)
	return nil
}

func (r *recorder) Terminate(_ context.Context, container string) error {
	delete(r.machines, container)
	if r.leaving != nil {
		r.leaving()
	}
	return nil
}

func (r *recorder) Status(_ context.Context, container string) (string, error) {
	switch _, ok := r.machines[container]; {
	case !ok:
		return "", nil
	case r.stopped[container]:
		return "stopped", nil
	}
	return "running", nil
}

func (r *recorder) ApplyFirewall(_ context.Context, container, rules string) error {
	if r.refusal != nil {
		return r.refusal
	}
	if _, ok := r.machines[container]; !ok {
		return errors.New("docker cp: destination must be a directory")
	}
	r.firewalls[container] = rules
	return nil
}

func (r *recorder) Sweep(_ context.Context, keep []string) error {
	for container, m := range r.machines {
		if !slices.Contains(keep, m.ID) {
			delete(r.machines, container)
		}
	}
	for id := range r.networks {
		if !slices.Contains(keep, id) {
			delete(r.networks, id)
		}
	}
	return nil
}

func (r *recorder) Gateway(_ context.Context, _ string, table machines.Gateway) error {
	r.gateway = table
	return nil
}

const cp, worker = "ecommerce-platform-control-plane", "ecommerce-platform-worker-node-1"

func TestMachines(t *testing.T) {
	docker := newRecorder()
	s := newSite(t, docker)
	s.create(ingressToken, "self", in{"securityGroupId": s.group.id, "ipProtocol": "-1", "referencedSecurityGroupId": s.group.id})
	node := s.create(instanceToken, "node", s.node(nil))

	t.Run("a subnet is a network, an instance a machine on it with its user data", func(t *testing.T) {
		assert.Equal(t, "172.31.0.0/20", docker.networks[s.subnet.id].CIDR.String())
		m := docker.machines[cp]
		assert.Equal(t, "#cloud-config\n", string(m.UserData))
		assert.Equal(t, "172.31.15.119", m.Address.String())
		assert.Equal(t, "ip-172-31-15-119", m.Hostname)
		assert.Equal(t, publicKey, m.PublicKey)
		assert.Contains(t, m.Firewall, "elements = { 172.31.15.119 }")
	})
	t.Run("a new member of a group is admitted by the old ones", func(t *testing.T) {
		second := s.create(instanceToken, "second", s.node(in{"privateIp": "172.31.2.239", "tags": in{"Name": "worker-node-1"}}))
		for _, container := range []string{cp, worker} {
			assert.Contains(t, docker.firewalls[container], "elements = { 172.31.2.239, 172.31.15.119 }", container)
		}
		require.NoError(t, s.delete(second))
		assert.NotContains(t, docker.machines, worker)
		assert.Contains(t, docker.firewalls[cp], "elements = { 172.31.15.119 }")
	})
	t.Run("a public address answers on the ports admitted from outside", func(t *testing.T) {
		rule := s.create(ingressToken, "ssh", with(ssh(s), in{"cidrIpv4": "172.31.0.1/32"}))
		s.create(ingressToken, "api", with(ssh(s), in{"cidrIpv4": "198.51.100.0/24", "fromPort": 6443, "toPort": 6443}))
		eip := s.create(eipToken, "eip", in{"domain": "vpc"})
		s.create(eipAssociationToken, "association", in{"allocationId": eip.id, "instanceId": node.id})
		assert.Equal(t, []machines.PublicAddress{{Public: "127.31.0.1", Private: "172.31.15.119", Ports: []machines.Ports{{From: 22, To: 22}}}},
			docker.gateway.Addresses)
		require.NoError(t, s.delete(rule))
		assert.Empty(t, docker.gateway.Addresses[0].Ports)
	})
	t.Run("without a route to the internet gateway it does not answer", func(t *testing.T) {
		require.NoError(t, s.delete(s.route))
		assert.Empty(t, docker.gateway.Addresses)
		assert.Contains(t, docker.firewalls[cp], "no route to an internet gateway")
		s.create(routeToken, "default", in{"routeTableId": s.table.id, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": s.gateway.id})
		assert.NotContains(t, docker.firewalls[cp], "no route to an internet gateway")
	})
	t.Run("other user data restarts the machine with it", func(t *testing.T) {
		require.NoError(t, s.update(node, s.node(in{"userData": "#cloud-config\n#2\n"})))
		assert.Equal(t, map[string]string{cp: "#cloud-config\n#2\n"}, docker.restarts)
	})
	t.Run("a changed source and destination check is in force without a restart", func(t *testing.T) {
		assert.NotContains(t, docker.firewalls[cp], "source check")
		require.NoError(t, s.update(node, s.node(in{"userData": "#cloud-config\n#2\n", "sourceDestCheck": true})))
		assert.Contains(t, docker.firewalls[cp], "source check")
		assert.Len(t, docker.restarts, 1)
	})
	t.Run("a machine is as large as its type, and restarts as another", func(t *testing.T) {
		assert.Equal(t, machines.Size{CPUs: 2, MemoryMiB: 4096}, docker.sizes[cp])
		larger := s.node(in{"userData": "#cloud-config\n#2\n", "sourceDestCheck": true, "instanceType": "m5.xlarge"})
		require.NoError(t, s.update(node, larger))
		assert.Equal(t, machines.Size{CPUs: 4, MemoryMiB: 16384}, docker.sizes[cp])
		assert.InDelta(t, 2, s.output(node, "cpuCoreCount"), 0)
	})
	t.Run("a machine stopped by hand is drift, and is started again", func(t *testing.T) {
		running := in{"instanceId": node.id, "state": "running"}
		state := s.create(instanceStateToken, "node", running)
		assert.Equal(t, "running", s.read(state).Inputs.Fields["state"].GetStringValue())
		docker.stopped[cp] = true
		assert.Equal(t, "stopped", s.read(state).Inputs.Fields["state"].GetStringValue())
		require.NoError(t, s.update(state, running))
		assert.False(t, docker.stopped[cp])
		assert.Equal(t, "running", s.read(state).Inputs.Fields["state"].GetStringValue())
		require.NoError(t, s.delete(state))
		assert.Contains(t, docker.machines, cp, "that nobody says how it is to be ends nothing")
	})
	t.Run("a machine removed by hand is gone after a refresh", func(t *testing.T) {
		delete(docker.machines, cp)
		assert.Empty(t, s.read(node).Id)
		require.NoError(t, s.delete(node))
	})
	t.Run("a machine that does not start leaves no resource", func(t *testing.T) {
		docker.failure = errors.New("docker start: no such image")
		_, err := s.try(instanceToken, "node", s.node(nil))
		docker.failure = nil
		require.EqualError(t, err, "creating EC2 Instance: docker start: no such image")
		s.create(instanceToken, "node", s.node(nil))
	})
	t.Run("what a provider that died left half made does not stand in the way", func(t *testing.T) {
		half := s.create(instanceToken, "half", s.node(in{"privateIp": "172.31.7.250"}))
		s.edit(func(resources map[string]any) { resources[half.id].(map[string]any)["pending"] = true })
		again := s.create(instanceToken, "half", s.node(in{"privateIp": "172.31.7.250"}))
		assert.NotEqual(t, half.id, again.id)
		assert.NotContains(t, s.resources(), half.id)
	})
	t.Run("a machine whose neighbours refuse their new rules leaves neither resource nor machine", func(t *testing.T) {
		docker.refusal = errors.New("docker exec: no command runs in it")
		_, err := s.try(instanceToken, "second", s.node(in{"privateIp": "172.31.2.239", "tags": in{"Name": "worker-node-1"}}))
		docker.refusal = nil
		require.ErrorContains(t, err, "docker exec: no command runs in it")
		assert.NotContains(t, docker.machines, worker)
		for id, r := range s.resources() {
			assert.NotContains(t, fmt.Sprint(r), "172.31.2.239", id)
		}
		second := s.create(instanceToken, "second", s.node(in{"privateIp": "172.31.2.239", "tags": in{"Name": "worker-node-1"}}))
		require.NoError(t, s.delete(second))
	})
	t.Run("what an interrupted program made and could not write down is cleared away", func(t *testing.T) {
		before := slices.Collect(maps.Keys(s.resources()))
		var known []string
		for _, r := range s.resources() {
			known = append(known, r.(map[string]any)["id"].(string))
		}
		s.create(instanceToken, "second", s.node(in{"privateIp": "172.31.2.239", "tags": in{"Name": "worker-node-1"}}))
		rule := with(ssh(s), in{"cidrIpv4": "192.0.2.1/32"})
		s.create(ingressToken, "unknown", rule)
		require.NoError(t, twin.New(s.dir, "ecommerce-platform", docker).Recover(t.Context(), known))
		assert.ElementsMatch(t, before, slices.Collect(maps.Keys(s.resources())))
		assert.NotContains(t, docker.machines, worker)
		assert.Contains(t, docker.machines, cp)
		s.create(ingressToken, "unknown", rule)
	})
	t.Run("a rule goes while a machine is being removed, as in a destroy", func(t *testing.T) {
		second := s.create(instanceToken, "second", s.node(in{"privateIp": "172.31.2.239", "tags": in{"Name": "worker-node-1"}}))
		rule := s.create(ingressToken, "going", with(ssh(s), in{"cidrIpv4": "192.0.2.2/32"}))
		var err error
		docker.leaving = func() { err = s.delete(rule) }
		require.NoError(t, s.delete(second))
		docker.leaving = nil
		require.NoError(t, err)
	})
	t.Run("a rule goes after a machine is lost, as in a destroy without a node", func(t *testing.T) {
		second := s.create(instanceToken, "second", s.node(in{"privateIp": "172.31.2.239", "tags": in{"Name": "worker-node-1"}}))
		rule := s.create(ingressToken, "going", with(ssh(s), in{"cidrIpv4": "192.0.2.2/32"}))
		delete(docker.machines, worker)
		require.NoError(t, s.delete(rule))
		require.NoError(t, s.delete(second))
	})
	t.Run("networks go with their subnets", func(t *testing.T) {
		vpc := s.create(vpcToken, "other", in{"cidrBlock": "10.0.0.0/16"})
		subnet := s.create(subnetToken, "other", in{"vpcId": vpc.id, "cidrBlock": "10.0.0.0/24"})
		require.Contains(t, docker.networks, subnet.id)
		require.NoError(t, s.delete(subnet))
		assert.NotContains(t, docker.networks, subnet.id)
	})
}
