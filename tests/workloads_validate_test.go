package tests

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/infra/boundary"
	"ecommerce-platform/tests/pulumitest"
	"ecommerce-platform/workloads"
)

func TestWorkloadsRefuse(t *testing.T) {
	taint := func(args *workloads.Args, node int, key, value, effect string) {
		args.Nodes[node].Taints = append(args.Nodes[node].Taints, boundary.Taint{Key: key, Value: value, Effect: effect})
	}
	for name, test := range map[string]struct {
		breaks func(*workloads.Args)
		want   string
	}{
		"no namespace":                 {func(a *workloads.Args) { a.Namespace = "" }, `namespace <unset>: required`},
		"a namespace that is no label": {func(a *workloads.Args) { a.Namespace = "E_commerce" }, `namespace "E_commerce": not a DNS label`},
		"the namespace of Kubernetes":  {func(a *workloads.Args) { a.Namespace = "kube-system" }, `namespace "kube-system": belongs to Kubernetes`},
		"the default namespace":        {func(a *workloads.Args) { a.Namespace = "default" }, `namespace "default": belongs to Kubernetes`},
		"a NodePort below the range":   {func(a *workloads.Args) { a.NodePort = 29999 }, `nodePort 29999: must be between 30000 and 32767`},
		"a NodePort above the range":   {func(a *workloads.Args) { a.NodePort = 32768 }, `nodePort 32768: must be between 30000 and 32767`},
		"no isolation":                 {func(a *workloads.Args) { a.Isolation = "" }, `isolation <unset>: required`},
		"an isolation of nobody":       {func(a *workloads.Args) { a.Isolation = "strict" }, `isolation "strict": must be tiers or open`},
		"no quota":                     {func(a *workloads.Args) { a.Quota = "" }, `quota <unset>: required`},
		"a quota by hand":              {func(a *workloads.Args) { a.Quota = "4 CPUs" }, `quota "4 CPUs": must be tiers or none`},
		"pods without a block":         {func(a *workloads.Args) { a.PodCidr = "pods" }, `podCidr "pods": not an IPv4 CIDR block`},
		"egress to a name": {func(a *workloads.Args) {
			a.Backend.Egress = []workloads.Destination{{Cidr: "db.example.com", Port: 5432}}
		}, `backend.egress[0].cidr "db.example.com": not an IPv4 CIDR block`},
		"egress to a block with host bits": {func(a *workloads.Args) {
			a.Frontend.Egress = []workloads.Destination{{Cidr: "203.0.113.7/24", Port: 443}}
		}, `frontend.egress[0].cidr "203.0.113.7/24": has host bits set, use "203.0.113.0/24"`},
		"egress without a port": {func(a *workloads.Args) {
			a.Backend.Egress = []workloads.Destination{{Cidr: "203.0.113.7/32", Port: 443}, {Cidr: "203.0.113.7/32"}}
		}, `backend.egress[1].port 0: must be between 1 and 65535`},
		"egress to a port too high": {func(a *workloads.Args) {
			a.Backend.Egress = []workloads.Destination{{Cidr: "203.0.113.7/32", Port: 65536}}
		}, `backend.egress[0].port 65536: must be between 1 and 65535`},
		"negative replicas": {func(a *workloads.Args) { a.Backend.Replicas = -1 }, `backend.replicas -1: must not be negative`},
		"four servers": {func(a *workloads.Args) {
			*a = *workloadsReplicas()
			for _, name := range []string{"worker-node-3", "worker-node-4"} {
				more := workloadsAlso
				more.Name = name
				a.Nodes = append(a.Nodes, more)
			}
			a.Postgres.Replicas = 4
		}, `postgres.replicas 4: must be 1, or 2 or 3 for servers that have each other's data, or 0`},
		"two servers on one node": {func(a *workloads.Args) { *a = *workloadsReplicas(); a.Nodes = workloadsArgs().Nodes }, `postgres.replicas 2: only 1 of the nodes can hold one each`},
		"two servers on a node of choice": {func(a *workloads.Args) { *a = *workloadsReplicas(); a.Postgres.Node = "worker-node-2" },
			`postgres.node "worker-node-2": must be unset with 2 replicas: each worker that may run the database holds a part of it`},
		"two servers without an operator": {func(a *workloads.Args) { *a = *workloadsReplicas(); a.CloudNativePGImage = "" }, `cloudNativePGImage <unset>: required`},
		"an order that waits for nobody": {func(a *workloads.Args) { a.Postgres.Durability = "required" },
			`postgres.durability "required": needs postgres.replicas of 2 or 3: one server has no other to wait for`},
		"a durability of nobody": {func(a *workloads.Args) { *a = *workloadsReplicas(); a.Postgres.Durability = "most" },
			`postgres.durability "most": must be required or preferred, or empty for what fits the number of replicas`},
		"an image without a major version": {func(a *workloads.Args) { a.Postgres.Image = "postgres:bookworm" },
			`postgres.image "postgres:bookworm": its tag must begin with PostgreSQL's major version, such as postgres:16 or postgres:16.4@sha256:<digest>`},
		"shared memory beyond the limit": {func(a *workloads.Args) { a.Postgres.SharedMemory = "513Mi" },
			`postgres.sharedMemory "513Mi": more than half of postgres.limits.memory "1Gi", of which it is a part`},
		"shared memory beyond the request": {func(a *workloads.Args) { a.Postgres.Limits, a.Postgres.SharedMemory = workloads.Resources{}, "300Mi" },
			`postgres.sharedMemory "300Mi": more than half of postgres.requests.memory "512Mi", of which it is a part`},
		"shared memory without a size": {func(a *workloads.Args) { a.Postgres.SharedMemory = "" }, `postgres.sharedMemory <unset>: required`},
		"a volume that is no name":     {func(a *workloads.Args) { a.Postgres.Volume = "../etc" }, `postgres.volume "../etc": not a DNS label`},
		"a volume without a size":      {func(a *workloads.Args) { a.Postgres.VolumeGiB = 0 }, `postgres.volumeGiB 0: must be between 1 and 16384`},
		"a move with spaces":           {func(a *workloads.Args) { a.Postgres.Moved = "to 3" }, `postgres.moved "to 3": must be at most 63 letters, digits, dots, dashes and underscores, such as a date`},
		"data on one of two nodes": {func(a *workloads.Args) { a.Nodes = append([]workloads.Placement{workloadsAlso}, a.Nodes...) },
			`postgres.node <unset>: required, since each of worker-node-0, worker-node-2 may hold the database; name the one that does`},
		"data on a node that is not there": {func(a *workloads.Args) { a.Postgres.Node = "worker-node-9" }, `postgres.node "worker-node-9": no worker has this name`},
		"data on a node of another tier":   {func(a *workloads.Args) { a.Postgres.Node = "worker-node-1" }, `postgres.node "worker-node-1": lacks the label tier=backend, which postgres needs`},
		"data on a node with a taint": {func(a *workloads.Args) {
			a.Nodes = append(a.Nodes, workloadsAlso)
			taint(a, 2, "dedicated", "batch", "NoSchedule")
			a.Postgres.Node = "worker-node-0"
		}, `postgres.node "worker-node-0": has a taint that postgres does not tolerate`},
		"more caches than nodes":          {func(a *workloads.Args) { a.Redis.Replicas = 3 }, `redis.replicas 3: only 2 of the nodes can hold one each`},
		"no image":                        {func(a *workloads.Args) { a.Frontend.Image = "" }, `frontend.image <unset>: required`},
		"an image that is no reference":   {func(a *workloads.Args) { a.Frontend.Image = "nginx alpine" }, `frontend.image "nginx alpine": not an image reference`},
		"an image without a tag":          {func(a *workloads.Args) { a.Redis.Image = "registry:5000/redis" }, `redis.image "registry:5000/redis": names no tag, such as nginx:alpine`},
		"the tag latest":                  {func(a *workloads.Args) { a.Postgres.Image = "postgres:latest" }, `postgres.image "postgres:latest": the tag latest is whatever was pushed last, name a version`},
		"no CPU request":                  {func(a *workloads.Args) { a.Frontend.Requests.CPU = "" }, `frontend.requests.cpu <unset>: required`},
		"a request that is no quantity":   {func(a *workloads.Args) { a.Backend.Requests.Memory = "256MiB" }, `backend.requests.memory "256MiB": not a Kubernetes quantity, such as 100m or 128Mi`},
		"a request of nothing":            {func(a *workloads.Args) { a.Backend.Requests.CPU = "0" }, `backend.requests.cpu "0": must be greater than 0`},
		"a negative limit":                {func(a *workloads.Args) { a.Backend.Limits.CPU = "-1" }, `backend.limits.cpu "-1": must be greater than 0`},
		"a limit below the request":       {func(a *workloads.Args) { a.Postgres.Limits.Memory, a.Postgres.SharedMemory = "256Mi", "64Mi" }, `postgres.limits.memory "256Mi": less than postgres.requests.memory "512Mi"`},
		"a setting without a name":        {func(a *workloads.Args) { a.Redis.Settings = map[string]string{"": "1"} }, `redis.settings "": not the name of a setting`},
		"a setting with a line in a name": {func(a *workloads.Args) { a.Redis.Settings = map[string]string{"a\nb": "1"} }, `redis.settings "a\nb": not the name of a setting`},
		"a setting with two lines":        {func(a *workloads.Args) { a.Redis.Settings = map[string]string{"timeout": "1\nport 1"} }, `redis.settings.timeout "1\nport 1": must be one line`},
		"a setting without a value":       {func(a *workloads.Args) { a.Redis.Settings = map[string]string{"save": " "} }, `redis.settings.save " ": must not be empty, write "" with its quotes for none`},
		"a setting of the platform's":     {func(a *workloads.Args) { a.Redis.Settings = map[string]string{"port": "6380"} }, `redis.settings.port "6380": the platform decides this one`},
		"a limit below what the cache fills": {func(a *workloads.Args) {
			a.Redis.Requests.Memory, a.Redis.Limits.Memory = "64Mi", "192Mi"
		}, `redis.limits.memory "192Mi": must be greater than redis.settings.maxmemory "192mb", or the server is killed before it forgets a key`},
		"a cache without a bound in a container with one": {func(a *workloads.Args) {
			a.Redis.Limits.Memory, a.Redis.Settings = "256Mi", map[string]string{"maxmemory": "0"}
		}, `redis.settings.maxmemory "0": no bound, and redis.limits.memory "256Mi" kills the server that reaches it`},
		"a bound that is no amount": {func(a *workloads.Args) {
			a.Redis.Settings = map[string]string{"maxmemory": "lots"}
		}, `redis.settings.maxmemory "lots": not an amount of memory, such as 192mb`},
		"no node for the frontend": {func(a *workloads.Args) { a.Nodes[0].Labels = nil }, `nodes: no node has label tier=frontend, which frontend needs`},
		"a taint the frontend cannot bear": {func(a *workloads.Args) {
			taint(a, 0, "dedicated", "batch", "NoSchedule")
			a.Redis.Replicas = 1
		}, `nodes: every node that frontend may run on has a taint it does not tolerate`},
		"tier taints that evict": {func(a *workloads.Args) {
			taint(a, 0, "tier", "frontend", "NoExecute")
			a.Redis.Replicas = 1
		}, `nodes: every node that frontend may run on has a taint it does not tolerate`},
		"a taint that leaves one node for two caches": {func(a *workloads.Args) {
			a.Frontend.Replicas = 0
			taint(a, 0, "dedicated", "batch", "NoSchedule")
		}, `redis.replicas 2: only 1 of the nodes can hold one each`},
		"no worker at all": {func(a *workloads.Args) {
			a.Nodes = nil
			a.Frontend.Replicas, a.Backend.Replicas, a.Postgres.Replicas = 0, 0, 0
		}, `nodes: no worker, which redis needs`},
	} {
		t.Run(name, func(t *testing.T) {
			args := workloadsArgs()
			test.breaks(args)
			problems := args.Validate()
			require.Len(t, problems, 1, "%v", problems)
			assert.EqualError(t, problems[0], test.want)
		})
	}
}

func TestWorkloadsAccept(t *testing.T) {
	for name, changes := range map[string]func(*workloads.Args){
		"the specification":       func(*workloads.Args) {},
		"a tier without replicas": func(a *workloads.Args) { a.Redis.Replicas = 0; a.Frontend.Replicas = 0; a.Nodes[0].Labels = nil },
		"an image by its digest":  func(a *workloads.Args) { a.Redis.Image = "redis@sha256:" + strings.Repeat("a", 64) },
		"an image of a registry":  func(a *workloads.Args) { a.Redis.Image = "registry.example.com:5000/team/redis:7.4-alpine" },
		"a cache that fits its limit": func(a *workloads.Args) {
			a.Redis.Limits.Memory, a.Redis.Settings = "256Mi", map[string]string{"maxmemory": "200M"}
		},
		"limits equal to requests": func(a *workloads.Args) { a.Backend.Limits = a.Backend.Requests },
		"a setting that is empty":  func(a *workloads.Args) { a.Redis.Settings = map[string]string{"save": `""`} },
		"nodes with their tier's taints": func(a *workloads.Args) {
			a.Nodes[0].Taints = []boundary.Taint{{Key: "tier", Value: "frontend", Effect: "NoSchedule"}}
			a.Nodes[1].Taints = []boundary.Taint{{Key: "tier", Value: "backend", Effect: "NoSchedule"}}
		},
		"a taint that only advises": func(a *workloads.Args) {
			a.Nodes[0].Taints = []boundary.Taint{{Key: "slow", Effect: "PreferNoSchedule"}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			args := workloadsArgs()
			changes(args)
			assert.Empty(t, args.Validate())
			pulumitest.Run(t, workloadsProgram(args))
		})
	}
}

func TestWorkloadsReportAllErrorsAndRegisterNothing(t *testing.T) {
	args := workloadsArgs()
	args.NodePort = 80
	args.Frontend.Image = "nginx"
	args.Redis.Replicas = 3
	rec, err := pulumitest.RunErr(t, workloadsProgram(args))
	require.ErrorContains(t, err, errors.Join(args.Validate()...).Error())
	assert.Empty(t, rec.All())
	assert.Len(t, args.Validate(), 3)
}
