package preview

// reportVariable names the file that the pack writes its report to.
const reportVariable = "PLATFORM_REPORT"

// Report is what the policy pack writes as JSON, as far as a comment shows it. policy/report says what each field is.
type Report struct {
	Verdict      string      `json:"verdict"`
	Placement    Placement   `json:"placement"`
	Rollouts     []Rollout   `json:"rollouts"`
	Drains       []Drain     `json:"drains"`
	NodeLoss     []NodeLoss  `json:"nodeLoss"`
	Reachability []Path      `json:"reachability"`
	Violations   []Violation `json:"violations"`
	Cost         Cost        `json:"cost"`
	NotEvaluated []string    `json:"notEvaluated"`
}

// Placement is where every pod lands.
type Placement struct {
	Nodes []NodeUse `json:"nodes"`
	Tiers []Tier    `json:"tiers"`
}

// NodeUse is a node with what is asked of it.
type NodeUse struct {
	Name   string `json:"name"`
	Role   string `json:"role"`
	Pods   int    `json:"pods"`
	CPU    Use    `json:"cpu"`
	Memory Use    `json:"memory"`
}

// Use is requests against allocatable, as quantities.
type Use struct {
	Requested   string `json:"requested"`
	Allocatable string `json:"allocatable"`
}

// Tier is a workload and the number of its pods on each node.
type Tier struct {
	Tier     string         `json:"tier"`
	Replicas int            `json:"replicas"`
	Nodes    map[string]int `json:"nodes"`
	Unplaced []Unplaced     `json:"unplaced"`
	Unmet    []string       `json:"unmet"`
}

// Unplaced is a pod that fits nowhere, with the scheduler's reason.
type Unplaced struct {
	Pod    string `json:"pod"`
	Reason string `json:"reason"`
}

// Rollout is whether a change of a Deployment's pods can finish.
type Rollout struct {
	Deployment string `json:"deployment"`
	Completes  bool   `json:"completes"`
	Lowest     int    `json:"lowest"`
	Replicas   int    `json:"replicas"`
	Reason     string `json:"reason"`
}

// Drain is whether a disruption budget lets a node be drained.
type Drain struct {
	Budget  string `json:"budget"`
	Node    string `json:"node"`
	Allowed bool   `json:"allowed"`
	Reason  string `json:"reason"`
}

// NodeLoss is what happens without a node.
type NodeLoss struct {
	Node    string   `json:"node"`
	Stays   []string `json:"stays"`
	Moves   []string `json:"moves"`
	Pending []string `json:"pending"`
	Lost    []string `json:"lost"`
}

// Path is whether packets get from one place to another.
type Path struct {
	From     string `json:"from"`
	To       string `json:"to"`
	Protocol string `json:"protocol"`
	Port     string `json:"port"`
	Purpose  string `json:"purpose"`
	OK       bool   `json:"ok"`
	Missing  string `json:"missing"`
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
	Monthly   float64    `json:"monthly"`
	Region    string     `json:"region"`
	Items     []CostItem `json:"items"`
	Unpriced  []string   `json:"unpriced"`
	LeavesOut []string   `json:"leavesOut"`
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
