package lifecycle

// mutation is one thing taken out of the program, and which tests must fail then.
type mutation struct {
	name string
	// short is whether continuous integration has the time for it.
	short bool
	edits []edit
	// refused is what `pulumi up` must say; nil where it must succeed.
	refused []string
	// disrupt runs on every machine and ends what would keep working on what it knows from before.
	disrupt string
	// looks are the end-to-end tests that run then. Exactly those in fails must fail, each with these words.
	looks []string
	fails map[string]string
}

// The end-to-end tests that look at the network.
const (
	page      = "TestURLAnswersWithThePage"
	data      = "TestDataComesFromEachBackendInTurn"
	redis     = "TestRedisAnswersThroughItsService"
	postgres  = "TestPostgres"
	outside   = "TestOnlyDeclaredPortsAnswerFromOutside"
	inside    = "TestNodesReachOfEachOtherWhatIsDeclared"
	routes    = "TestRoutesToEveryOtherNodeAreNative"
	pools     = "TestPoolsUseNoTunnel"
	nodes     = "TestNodes"
	apart     = "TestTiersReachOfEachOtherWhatIsDeclared"
	unchanged = "TestUpThatChangesNothingReportsNoChanges"
)

const (
	rulesTable = "infra/security.go"
	flowsTable = "workloads/isolation.go"
	// noBackend is how a test says that the frontend's nginx found no way to the backend.
	noBackend = "actual  : 503"
	// anotherKey is a valid host key that no machine has.
	anotherKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
)

// mutations are the faults. The last row has none: what the others make fail passes without them. In the short way the
// end-to-end tests before it show that.
var mutations = []mutation{
	{
		name: "the rule for pod addresses is gone", short: true,
		edits: []edit{withoutRule(`{"pods-all", `)},
		looks: []string{page, data, inside, routes},
		fails: map[string]string{data: noBackend},
	},
	{
		name: "worker-node-2 checks source and destination", short: true,
		edits: []edit{with("infra/nodes.go", "SourceDestCheck: pulumi.Bool(false)", `SourceDestCheck: pulumi.Bool(node.Name == "worker-node-2")`)},
		looks: []string{page, data, inside, routes},
		fails: map[string]string{data: noBackend},
	},
	{
		name: "another host key is pinned", short: true,
		edits:   []edit{with("cluster/step/machine.go", "pulumi.String(args.HostPublicKey)", `pulumi.String("`+anotherKey+`")`)},
		refused: []string{"host key SHA256:", "is not the pinned SHA256:"},
	},
	{
		name:  "the rule for the kubelet is gone",
		edits: []edit{withoutRule(`{"kubelet", `)},
		looks: []string{page, data, inside, redis},
		fails: map[string]string{inside: "10250", redis: ":10250"},
	},
	{
		name:  "the rule for BGP is gone",
		edits: []edit{withoutRule(`{"bgp", `)},
		// As after a reboot: BIRD starts anew, and of the routes that it had found none is left.
		disrupt: "pkill -x bird; ip route flush proto bird",
		looks:   []string{page, data, inside, routes},
		fails:   map[string]string{data: noBackend, inside: "179", routes: " via "},
	},
	{
		name:  "the rule for the pods behind the NodePort is gone",
		edits: []edit{withoutRule(`{"shop-pods", `)},
		looks: []string{page, data, inside, outside, routes},
		fails: map[string]string{inside: "30080", outside: "i/o timeout"},
	},
	{
		name: "the row from the frontend to the backend is gone", short: true,
		edits: []edit{withoutFlow("flow(frontendName, backendName, ")},
		looks: []string{page, data, apart},
		fails: map[string]string{data: noBackend, apart: `"backend":[]string{"tcp/8080"`},
	},
	{
		name:  "everybody may speak to everybody",
		edits: []edit{with(flowsTable, "Isolation == isolationOpen", "Isolation == isolationTiers")},
		looks: []string{page, data, apart},
		fails: map[string]string{apart: "redis"},
	},
	{
		name:  "pods are in tunnels",
		edits: []edit{with("cluster/calico.go", `"ipipMode":     "Never"`, `"ipipMode":     "Always"`)},
		looks: []string{page, pools, nodes},
		fails: map[string]string{pools: "Always"},
	},
	{
		name: "images come from where nothing is",
		edits: []edit{
			with("cluster/containerd.go", "Server: a.Mirrors.Images,", `Server: "http://127.0.0.1:1",`),
			with("cluster/containerd.go", "map[string]registryHost{a.Mirrors.Images:", `map[string]registryHost{"http://127.0.0.1:1":`),
		},
		// What a machine has, it need not pull.
		disrupt: "crictl --runtime-endpoint unix:///run/containerd/containerd.sock rmi docker.io/library/postgres:15 || true",
		looks:   []string{page, data, postgres},
		fails:   map[string]string{postgres: "ailed to pull image"},
	},
	{
		name:  "nothing",
		looks: []string{page, data, inside, outside, routes, pools, nodes, redis, postgres, apart, unchanged},
	},
}
