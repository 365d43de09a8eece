package workloads

import (
	"strconv"
	"strings"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/workloads/cloudnativepg"
	"ecommerce-platform/workloads/monitoring"
	"ecommerce-platform/workloads/networkpolicy"
)

// Values of Args.Isolation.
const (
	// isolationTiers drops what the table of flows does not name.
	isolationTiers = "tiers"
	// isolationOpen lets every pod reach every other one.
	isolationOpen = "open"
)

// Peers of a flow that are no tiers.
const (
	// clients are whoever is no pod: people, and nodes that hand on what came in on their NodePort. A policy cannot tell the
	// two apart, since it sees a client's own address only where the pod is on the node that the client chose. Which clients
	// may come at all, clientCidrs says in the security groups.
	clients = "clients"
	// names is the cluster's DNS.
	names = "names"
	// scraper is what asks pods for their metrics.
	scraper = "monitoring"
	// operator is what makes the servers of a database, and tells which one is the primary.
	operator = "operator"
	// apiServer is the control plane's, by its node's address, which is not known here.
	apiServer = "API server"
)

// flows is the table of who may speak to whom in the shop's namespace; what it does not name is dropped. It needs no row for
// probes, `kubectl exec` and the dumps of backups, which come over the node itself, and none for answers.
func (a *Args) flows() []networkpolicy.Flow {
	flow := networkpolicy.Row
	rows := []networkpolicy.Flow{
		flow(clients, frontendName, "TCP", httpPort, "The shop from its clients, through the NodePort of any node"),
		flow(frontendName, backendName, "TCP", httpPort, "What the frontend hands on to the backends"),
		flow(backendName, postgresName, "TCP", postgresPortName, "Products and orders"),
		flow(backendName, redisName, "TCP", redisPortName, "What the backends remember of the database"),
		flow(frontendName, names, "UDP", "53", "Names, for an application that resolves them"),
		flow(frontendName, names, "TCP", "53", "Names, where the answer is too long for UDP"),
		flow(backendName, names, "UDP", "53", "Names of database, caches and what is outside"),
		flow(backendName, names, "TCP", "53", "Names, where the answer is too long for UDP"),
	}
	if a.Postgres.Replicated() {
		rows = append(rows,
			flow(postgresName, postgresName, "TCP", postgresPortName, "Each server follows the primary"),
			flow(postgresName, postgresName, "TCP", cloudnativepg.StatusPort, "Whether a primary that the API server does not answer is alone"),
			flow(postgresName, apiServer, "TCP", "6443", "Which server is the primary"),
			flow(postgresName, names, "UDP", "53", "Name of the primary"),
			flow(postgresName, names, "TCP", "53", "Names, where the answer is too long for UDP"),
			flow(operator, postgresName, "TCP", cloudnativepg.StatusPort, "How each server is, and which one is to be the primary"),
		)
	}
	if a.Monitoring.Enabled {
		rows = append(rows, flow(scraper, backendName, "TCP", metricsPort, "What the backends measure of themselves"))
	}
	for _, tier := range []struct {
		name   string
		egress []Destination
	}{{frontendName, a.Frontend.Egress}, {backendName, a.Backend.Egress}} {
		for _, to := range tier.egress {
			rows = append(rows, flow(tier.name, to.Cidr, "TCP", strconv.Itoa(to.Port), "Asked for in "+tier.name+".egress"))
		}
	}
	return rows
}

// isolate makes the policies, and has every Deployment wait for those of the tiers.
//
// A tier has one policy with all of its rows, since the first one that selects a pod drops everything that it does not name: pods that
// serve already lose nothing. The one that is for every pod, also of nobody's making, comes last and goes first.
func (to *target) isolate() error {
	if to.args.Isolation == isolationOpen {
		return nil
	}
	var policies []pulumi.Resource
	rows := to.args.flows()
	for _, placement := range placements {
		policy := to.policy(placement.tier)
		policy.Pods = to.args.podsOf(placement.tier)
		policy.Add(placement.tier, rows, to.peer)
		made, err := policy.Register(to.ctx, to.child(placement.tier), to.options()...)
		if err != nil {
			return err
		}
		policies = append(policies, made)
	}
	to.bounds = append(to.bounds, policies...)
	rest := to.policy("default-deny")
	rest.Description = "Pods of no tier reach nobody and nobody reaches them, unless a policy of their own says so"
	_, err := rest.Register(to.ctx, to.child("default-deny"), to.options(pulumi.DependsOn(policies))...)
	return err
}

func (to *target) policy(name string) *networkpolicy.Policy {
	return &networkpolicy.Policy{Annotations: annotations(), Metadata: metav1.ObjectMetaArgs{
		Name: pulumi.String(name), Namespace: pulumi.String(to.args.Namespace), Labels: platformLabels(),
	}}
}

// peer is the other end of a row.
func (to *target) peer(name string) networkingv1.NetworkPolicyPeerArgs {
	switch {
	case name == clients:
		return networkpolicy.Block("0.0.0.0/0", to.args.PodCidr)
	case name == names:
		return networkpolicy.DNS()
	case name == operator:
		return networkpolicy.PodsIn(cloudnativepg.Namespace, cloudnativepg.Selector())
	case name == apiServer:
		return networkpolicy.Block("0.0.0.0/0", to.args.PodCidr)
	case name == scraper:
		return networkpolicy.PodsIn(monitoring.Namespace, pulumi.StringMap{"app.kubernetes.io/name": pulumi.String(monitoring.Scraper)})
	case strings.Contains(name, "/"):
		return networkpolicy.Block(name)
	}
	return networkpolicy.Pods(to.args.podsOf(name))
}

// podsOf are the labels of a tier's pods. Those that set a server up have the operator's alone.
func (a *Args) podsOf(name string) pulumi.StringMap {
	if name == postgresName && a.Postgres.Replicated() {
		return pulumi.StringMap{cloudnativepg.ClusterLabel: pulumi.String(postgresName)}
	}
	return (&tier{name: name}).selector()
}
