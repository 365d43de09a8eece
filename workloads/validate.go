package workloads

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"

	"ecommerce-platform/infra/boundary"
)

// Validate returns everything that is wrong with the plain values, in the order of the config.
func (a *Args) Validate() []error {
	p := &problems{}
	if len(validation.IsDNS1123Label(a.Namespace)) > 0 {
		p.add("namespace", a.Namespace, "not a DNS label")
	} else if a.Namespace == "default" || strings.HasPrefix(a.Namespace, "kube-") {
		p.add("namespace", a.Namespace, "belongs to Kubernetes")
	}
	if a.NodePort < 30000 || a.NodePort > 32767 {
		p.Addf("nodePort %d: must be between 30000 and 32767", a.NodePort)
	}
	p.application(frontendName, a.Frontend)
	p.application(backendName, a.Backend.Application)
	p.autoscale(frontendName, a.Frontend, a.MetricsServer)
	p.autoscale(backendName, a.Backend.Application, a.MetricsServer)
	p.paths(a.Backend.Paths)
	p.metricsPort(a.Backend)
	p.database(a)
	p.tier(redisName, a.Redis.Tier)
	p.settings(a.Redis.Settings)
	p.maxmemory(a.Redis)
	p.isolation(a)
	if a.MetricsServer {
		p.image("metricsServerImage", a.MetricsServerImage, "metrics-server:v0.8.0")
	}
	p.monitoring(a)
	p.logins(a.Logins)
	p.placement(a)
	return p.Found()
}

type problems struct{ boundary.Problems }

func (p *problems) add(key, value, rule string) {
	if value == "" {
		p.Addf("%s <unset>: required", key)
		return
	}
	p.Addf("%s %q: %s", key, value, rule)
}

// imageReference is the grammar of image names, less the rare: [registry[:port]/]path[:tag][@digest].
var imageReference = regexp.MustCompile(
	`^([a-zA-Z0-9.-]+(:[0-9]+)?/)?(?P<repository>[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*)` +
		`(:(?P<tag>[\w][\w.-]{0,127}))?(@(?P<digest>sha256:[a-f0-9]{64}))?$`)

func (p *problems) tier(name string, tier Tier) {
	if tier.Replicas < 0 {
		p.Addf("%s.replicas %d: must not be negative", name, tier.Replicas)
	}
	p.image(name+".image", tier.Image, "nginx:alpine")
	p.resources(name, "cpu", tier.Requests.CPU, tier.Limits.CPU)
	p.resources(name, "memory", tier.Requests.Memory, tier.Limits.Memory)
}

// image insists on a version. example is one.
func (p *problems) image(key, value, example string) {
	match := imageReference.FindStringSubmatch(value)
	part := func(group string) string { return match[imageReference.SubexpIndex(group)] }
	switch {
	case match == nil:
		p.add(key, value, "not an image reference")
	case part("digest") != "": // a digest says more than any tag
	case part("tag") == "":
		p.add(key, value, "names no tag, such as "+example)
	case part("tag") == "latest":
		p.add(key, value, "the tag latest is whatever was pushed last, name a version")
	}
}

func (p *problems) resources(tier, kind, request, limit string) {
	requested, ok := p.quantity(tier+".requests."+kind, request)
	if limit == "" {
		return
	}
	if limited, valid := p.quantity(tier+".limits."+kind, limit); valid && ok && limited.Cmp(requested) < 0 {
		p.Addf("%s.limits.%s %q: less than %s.requests.%s %q", tier, kind, limit, tier, kind, request)
	}
}

func (p *problems) quantity(key, text string) (resource.Quantity, bool) {
	quantity, err := resource.ParseQuantity(text)
	switch {
	case err != nil:
		p.add(key, text, "not a Kubernetes quantity, such as 100m or 128Mi")
	case quantity.Sign() <= 0:
		p.add(key, text, "must be greater than 0")
	default:
		return quantity, true
	}
	return quantity, false
}

// fixedRedisSettings are those the rest of the tier is built on: its port, probes, volume, and no password in a file.
var fixedRedisSettings = []string{
	"aclfile", "bind", "daemonize", "dir", "include", "masterauth", "port", "protected-mode", "requirepass", "tls-port",
	"unixsocket", "user",
}

var redisSettingName = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

func (p *problems) settings(settings map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		value := settings[name]
		key := "redis.settings." + name
		switch {
		case !redisSettingName.MatchString(name):
			p.Addf("redis.settings %q: not the name of a setting", name)
		case slices.Contains(fixedRedisSettings, name):
			p.Addf("%s %q: the platform decides this one", key, value)
		case strings.TrimSpace(value) == "":
			p.Addf(`%s %q: must not be empty, write "" with its quotes for none`, key, value)
		case strings.ContainsFunc(value, unicode.IsControl):
			p.add(key, value, "must be one line")
		}
	}
}

// placement tells of tiers that no node can hold. A tier without replicas needs none.
func (p *problems) placement(a *Args) {
	replicas := map[string]int{
		frontendName: a.Frontend.pods(), backendName: a.Backend.pods(),
		postgresName: a.Postgres.Replicas, redisName: a.Redis.Replicas,
	}
	for _, rule := range placements {
		if replicas[rule.tier] <= 0 {
			continue
		}
		labelled, admitting := 0, 0
		for _, node := range a.Nodes {
			if rule.selects(node) {
				labelled++
				if rule.tolerates(node) {
					admitting++
				}
			}
		}
		switch {
		case labelled == 0 && rule.label != "":
			p.Addf("nodes: no node has label %s=%s, which %s needs", tierKey, rule.label, rule.tier)
		case labelled == 0:
			p.Addf("nodes: no worker, which %s needs", rule.tier)
		case admitting == 0:
			p.Addf("nodes: every node that %s may run on has a taint it does not tolerate", rule.tier)
		case rule.oneEach && replicas[rule.tier] > admitting:
			p.Addf("%s.replicas %d: only %d of the nodes can hold one each", rule.tier, replicas[rule.tier], admitting)
		}
	}
}
