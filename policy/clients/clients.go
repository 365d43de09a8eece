// Package clients says what the shop's customers, and those who ask the API server, see of an update, and for how long.
package clients

import (
	"fmt"
	"maps"
	"net/url"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/placement"
	"ecommerce-platform/policy/update"
)

// What clients ask for.
const (
	Page   = "the page"
	Data   = "/data"
	Orders = "orders"
	API    = "the Kubernetes API"
)

// Seen is what clients see who ask for one thing.
type Seen struct {
	What string `json:"what"`
	// Seconds is roughly how long they get no answer, all outages together; 0 is that they notice nothing. Open is set where nothing in
	// this update brings the answer back.
	Seconds int  `json:"seconds"`
	Open    bool `json:"open,omitempty"`
	// Because is one sentence for each outage.
	Because []string `json:"because,omitempty"`
}

// Of says what clients see of an update from the settled cluster before to the one after it.
func Of(before, after *placement.Simulation, u *update.Update) []Seen {
	roles := readRoles(after)
	door := entrance(before.Stack)
	var seen []Seen
	for _, what := range []struct {
		name  string
		tiers []string
		asked bool
	}{
		{Page, roles.entry, len(roles.entry) > 0},
		{Data, slices.Concat(roles.entry, roles.middle), len(roles.middle) > 0},
		{Orders, slices.Concat(roles.entry, roles.middle, roles.database), len(roles.database) > 0 && roles.asks},
	} {
		if what.asked {
			seen = append(seen, sum(what.name, append(outages(u, what.tiers), silence(u, door)...)))
		}
	}
	return append(seen, sum(API, u.API))
}

// outages are those of these tiers.
func outages(u *update.Update, tiers []string) []update.Outage {
	var found []update.Outage
	for _, o := range u.Outages {
		if slices.Contains(tiers, o.Tier) {
			found = append(found, o)
		}
	}
	return found
}

// silence is when the machine whose address the URL names answers nobody, wherever the pods are.
func silence(u *update.Update, machine string) []update.Outage {
	var found []update.Outage
	for _, node := range u.Nodes {
		switch {
		case node.Node != machine:
		case node.What == update.Leaves:
			found = append(found, update.Outage{While: node.Node + " " + node.What, Until: "they ask at the new URL", Open: true})
		case node.Silent > 0:
			found = append(found, update.Outage{While: node.Node + " " + node.What, Until: "the machine is back", Seconds: node.Silent})
		}
	}
	return found
}

// sum adds up outages. Those of one time are as long as the longest.
func sum(what string, outages []update.Outage) Seen {
	longest := map[string]update.Outage{}
	var order []string
	for _, o := range outages {
		known, there := longest[o.While]
		if !there {
			order = append(order, o.While)
		}
		if !there || o.Open || !known.Open && o.Seconds > known.Seconds {
			longest[o.While] = o
		}
	}
	seen := Seen{What: what}
	for _, while := range order {
		o := longest[while]
		subject := while
		if o.Tier != "" {
			subject = o.Tier + ": " + while
		}
		if o.Open {
			seen.Open = true
			seen.Because = append(seen.Because, fmt.Sprintf("%s, until %s", subject, o.Until))
			continue
		}
		seen.Seconds += o.Seconds
		seen.Because = append(seen.Because, fmt.Sprintf("%s, until %s: %d s", subject, o.Until, o.Seconds))
	}
	return seen
}

// roles are the tiers that a request passes: those behind a port of the nodes, those that they ask, and the database.
type roles struct {
	entry, middle, database []string
	// asks is whether the middle runs a program that can ask a database, which nginx cannot.
	asks bool
}

// ports of PostgreSQL and of Redis. Without the database reads are served from the caches, without these from the database.
const (
	databasePort = 5432
	cachePort    = 6379
)

func readRoles(s *placement.Simulation) roles {
	sets := map[string]map[string]bool{"entry": {}, "middle": {}, "database": {}}
	r := roles{}
	for _, service := range s.Stack.Services {
		spec := service.Value.Spec
		if service.Malformed != nil || len(spec.Selector) == 0 || len(service.UnknownBelow("spec")) > 0 && !service.Has("spec.ports") {
			continue
		}
		role := "middle"
		switch {
		case spec.Type == corev1.ServiceTypeNodePort, spec.Type == corev1.ServiceTypeLoadBalancer:
			role = "entry"
		case serves(spec, databasePort):
			role = "database"
		case serves(spec, cachePort):
			continue
		}
		for _, tier := range s.Tiers {
			template := tier.Deployment.Spec.Template
			if tier.Deployment.Namespace != service.Value.Namespace || !labels.SelectorFromSet(spec.Selector).Matches(labels.Set(template.Labels)) {
				continue
			}
			sets[role][tier.Name()] = true
			if role == "middle" && !slices.ContainsFunc(template.Spec.Containers, isNginx) {
				r.asks = true
			}
		}
	}
	r.entry, r.middle, r.database = sorted(sets["entry"]), sorted(sets["middle"]), sorted(sets["database"])
	return r
}

func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }

func serves(spec corev1.ServiceSpec, port int32) bool {
	return slices.ContainsFunc(spec.Ports, func(p corev1.ServicePort) bool { return p.Port == port })
}

func isNginx(c corev1.Container) bool {
	return model.ImageName(c.Image) == "nginx"
}

// entrance is the node whose public address the URL of the shop names, empty where that is not known.
func entrance(stack *model.Stack) string {
	for _, shop := range stack.Of(model.WorkloadsType) {
		text, known := shop.Text("frontendUrl")
		if !known {
			continue
		}
		address, err := url.Parse(text)
		if err != nil {
			continue
		}
		for _, association := range stack.Of(model.EipAssociationType) {
			if ip, known := association.Text("publicIp"); !known || ip != address.Hostname() {
				continue
			}
			for _, instance := range stack.Referred(association, "instanceId", model.InstanceType) {
				return instance.Name
			}
		}
	}
	return ""
}
