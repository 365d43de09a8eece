package workloads

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// deployRedis deploys the caches: one a node, each on its own. Through the Service a client meets the one on its node, or the
// other where that is away, and a key that one of them holds the other does not.
//
// There is no password, as the architecture has it: backends may connect, and with isolation: open every pod of the cluster.
// Nothing from outside can.
func (to *target) deployRedis() (*endpoint, error) {
	pong := check{command: []string{"sh", "-c", `test "$(redis-cli -h 127.0.0.1 ping)" = PONG`}}
	redis := &tier{
		Tier:      to.args.Redis.Tier,
		name:      redisName,
		component: "cache",
		portName:  redisPortName,
		port:      6379,
		uid:       999,
		gid:       1000,
		args:      []string{"redis-server", "/etc/redis/redis.conf"},
		// redis-cli exits with 0 also when the server answers with an error, such as LOADING: the answer counts.
		probes:   probes{alive: pong, ready: pong, startupSeconds: 60},
		drain:    5,
		grace:    30,
		affinity: apart(redisName),
		// As many replicas as nodes, each on a node of its own: an extra pod would wait for ever, so an old one goes first.
		strategy: rolling(surges[redisName], 1),
	}
	config, err := to.configMap(redis, "config", map[string]string{"redis.conf": redisConfig(to.args.Redis.Settings)})
	if err != nil {
		return nil, err
	}
	redis.mounts = []mount{
		files("config", "/etc/redis", config),
		scratch("data", "/data", "256Mi"),
		scratch("tmp", "/tmp", "16Mi"),
	}
	redis.after = []pulumi.Resource{config.configMap}
	return to.deploy(redis, serviceArgs{port: 6379, nearest: true})
}

// redisConfig is the base configuration and the settings after it, in an order that is always the same.
func redisConfig(settings map[string]string) string {
	var config strings.Builder
	config.WriteString(siteFile("redis.conf"))
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		fmt.Fprintf(&config, "%s %s\n", name, settings[name])
	}
	return config.String()
}

// apart forbids two pods of a tier on one node.
func apart(name string) corev1.AffinityArgs {
	pods := (&tier{name: name}).selector()
	return corev1.AffinityArgs{PodAntiAffinity: corev1.PodAntiAffinityArgs{
		RequiredDuringSchedulingIgnoredDuringExecution: corev1.PodAffinityTermArray{corev1.PodAffinityTermArgs{
			LabelSelector: metav1.LabelSelectorArgs{MatchLabels: pods},
			TopologyKey:   pulumi.String(hostnameKey),
		}},
	}}
}
