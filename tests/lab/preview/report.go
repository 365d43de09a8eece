package preview

// reportVariable names the file that the pack writes its report to.
const reportVariable = "PLATFORM_REPORT"

// Report is what the policy pack writes as JSON, as far as a comment shows it. policy/report says what each field is.
type Report struct {
	Verdict string `json:"verdict"`
	// Baseline is what placement, rollouts, drains and node loss start from.
	Baseline     string       `json:"baseline"`
	Update       []NodeChange `json:"update"`
	Outages      []Outage     `json:"outages"`
	Placement    Placement    `json:"placement"`
	Rollouts     []Rollout    `json:"rollouts"`
	Drains       []Drain      `json:"drains"`
	NodeLoss     []NodeLoss   `json:"nodeLoss"`
	Reachability []Path       `json:"reachability"`
	Violations   []Violation  `json:"violations"`
	Cost         Cost         `json:"cost"`
	NotEvaluated []string     `json:"notEvaluated"`
	BlindRules   []string     `json:"blindRules"`
}

// runs is the baseline of a change to what runs; any other one is a new cluster.
const runs = "what runs"

// on says what a part is about.
func (r *Report) on() string {
	if r.Baseline == runs {
		return "after this change"
	}
	return "on a new cluster"
}

// NodeChange is what an update does to a node and its pods.
type NodeChange struct {
	Node    string         `json:"node"`
	What    string         `json:"what"`
	Moves   map[string]int `json:"moves"`
	Pending map[string]int `json:"pending"`
	Blocked []Blocked      `json:"blocked"`
}

// Outage is a time of the update in which no pod of a tier is ready.
type Outage struct {
	Tier  string `json:"tier"`
	While string `json:"while"`
	Until string `json:"until"`
}

// Placement is where every pod lands.
type Placement struct {
	Nodes []NodeUse `json:"nodes"`
	Tiers []Tier    `json:"tiers"`
}

// NodeUse is what is asked of a node against what it has, in millicores and MiB; allocatable is 0 where it is unknown.
type NodeUse struct {
	Node              string `json:"node"`
	Role              string `json:"role"`
	Pods              int    `json:"pods"`
	CPU               int64  `json:"cpuMillis"`
	AllocatableCPU    int64  `json:"allocatableCpuMillis"`
	Memory            int64  `json:"memoryMiB"`
	AllocatableMemory int64  `json:"allocatableMemoryMiB"`
}

// Tier is a Deployment and the number of its pods on each node.
type Tier struct {
	Tier        string         `json:"tier"`
	Replicas    int            `json:"replicas"`
	PerNode     map[string]int `json:"perNode"`
	Pending     int            `json:"pending"`
	Reasons     []string       `json:"reasons"`
	Preferences []string       `json:"preferencesNotMet"`
}

// Rollout is whether a change of a Deployment's pods can finish.
type Rollout struct {
	Tier      string `json:"tier"`
	Strategy  string `json:"strategy"`
	Replicas  int    `json:"replicas"`
	Now       bool   `json:"now"`
	Completes bool   `json:"completes"`
	Lowest    int    `json:"lowestAvailable"`
	Stuck     string `json:"stuck"`
	Remedy    string `json:"remedy"`
}

// Drain is whether disruption budgets let a node be drained.
type Drain struct {
	Node      string    `json:"node"`
	Completes bool      `json:"completes"`
	Blocked   []Blocked `json:"blocked"`
}

// Blocked is a pod that a budget never lets go, and why.
type Blocked struct {
	Reason string `json:"reason"`
}

// NodeLoss is what happens without a node.
type NodeLoss struct {
	Node         string     `json:"node"`
	Tiers        []TierLoss `json:"tiers"`
	DataLost     []string   `json:"dataLost"`
	ControlPlane bool       `json:"controlPlane"`
}

// TierLoss is what becomes of one tier's pods.
type TierLoss struct {
	Tier    string `json:"tier"`
	StaysUp int    `json:"staysUp"`
	Moves   int    `json:"moves"`
	Pending int    `json:"pending"`
}

// Path is whether packets get from one place to another, and whether they should: open, closed or unknown.
type Path struct {
	From   string `json:"from"`
	To     string `json:"to"`
	What   string `json:"what"`
	Ports  string `json:"ports"`
	State  string `json:"state"`
	Want   string `json:"want"`
	Remedy string `json:"remedy"`
}

// Violation is one broken rule.
type Violation struct {
	Rule     string `json:"rule"`
	Level    string `json:"level"`
	Resource string `json:"resource"`
	Message  string `json:"message"`
}

// Cost is the monthly estimate.
type Cost struct {
	Monthly  float64    `json:"monthly"`
	Region   string     `json:"region"`
	Items    []CostItem `json:"items"`
	Unpriced []string   `json:"unpriced"`
	// CreditsAtMost is what CPU credits can cost besides.
	CreditsAtMost float64  `json:"creditsAtMost"`
	LeavesOut     []string `json:"leavesOut"`
}

// CostItem is one line of the estimate.
type CostItem struct {
	What     string  `json:"what"`
	Quantity float64 `json:"quantity"`
	Unit     string  `json:"unit"`
	UnitUSD  float64 `json:"unitUsd"`
	Monthly  float64 `json:"monthly"`
	Date     string  `json:"date"`
}
