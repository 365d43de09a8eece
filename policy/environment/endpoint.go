// Package environment reads what the variables of containers tell of Services.
package environment

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// clusterDomain is kubeadm's default, which the program leaves as it is.
const clusterDomain = "cluster.local"

// portOf is the port that a URL of a scheme means when it names none.
var portOf = map[string]int{
	"http": 80, "https": 443, "ws": 80, "wss": 443, "redis": 6379, "rediss": 6379, "postgres": 5432, "postgresql": 5432,
	"mysql": 3306, "mongodb": 27017, "amqp": 5672, "nats": 4222,
}

// addressName is a variable whose value is an address without a scheme; PGHOST is libpq's.
// https://www.postgresql.org/docs/current/libpq-envars.html
var addressName = regexp.MustCompile(`_(URL|URI|ADDR|ADDRESS|ENDPOINT|HOST|HOSTS|SERVER)$|^PGHOST$`)

// Linked is a Service's address as Kubernetes puts it in the place of a variable of that name, in pods of its namespace with service
// links. https://kubernetes.io/docs/tutorials/services/connect-applications-service/#accessing-the-service
var Linked = regexp.MustCompile(`\$\(([A-Z0-9_]+)_SERVICE_HOST\)`)

// Endpoint is what a pod would connect to.
type Endpoint struct {
	Service, Namespace string
	Port               int // 0 if the text names none
}

// endpointsIn finds the Services that a variable's value names, as a pod of this namespace would resolve them. It leaves out
// what is surely not a Service: addresses, the pod itself, and names of the internet.
func endpointsIn(name, value, namespace string, namespaces []string) []Endpoint {
	var found []Endpoint
	for _, text := range strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' }) {
		host, port, ok := hostAndPort(name, text)
		if !ok {
			continue
		}
		if service, in, ok := serviceOf(host, namespace, namespaces); ok {
			found = append(found, Endpoint{service, in, port})
		}
	}
	return found
}

func hostAndPort(name, text string) (string, int, bool) {
	if !strings.Contains(text, "://") {
		if !addressName.MatchString(name) || strings.HasPrefix(text, "/") {
			return "", 0, false
		}
		text = "none://" + text
	}
	address, err := url.Parse(text)
	if err != nil || address.Hostname() == "" {
		return "", 0, false
	}
	port := portOf[address.Scheme]
	if explicit, err := strconv.Atoi(address.Port()); err == nil {
		port = explicit
	}
	return address.Hostname(), port, true
}

// serviceOf follows a pod's search path: <service>, <service>.<namespace>, <service>.<namespace>.svc and the full name.
// A service link leads to a Service of its own namespace.
func serviceOf(host, namespace string, namespaces []string) (service, in string, ok bool) {
	host = strings.TrimSuffix(host, ".")
	if _, err := netip.ParseAddr(host); err == nil || host == "localhost" {
		return "", "", false
	}
	if link := Linked.FindStringSubmatch(host); link != nil {
		return strings.ToLower(strings.ReplaceAll(link[1], "_", "-")), namespace, true
	}
	if strings.Contains(host, "$(") {
		return "", "", false // a variable's, which only the pod knows
	}
	labels := strings.Split(strings.TrimSuffix(host, "."+clusterDomain), ".")
	inCluster := strings.HasSuffix(host, "."+clusterDomain)
	switch {
	case len(labels) == 1 && !inCluster:
		return labels[0], namespace, true
	case len(labels) == 2 && slices.Contains(namespaces, labels[1]):
		return labels[0], labels[1], true
	case len(labels) == 3 && labels[2] == "svc":
		return labels[0], labels[1], true
	}
	return "", "", false
}
