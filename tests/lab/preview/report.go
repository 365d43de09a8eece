package preview

// Variables that name the files for the pack's report and for the resources that it is of.
const (
	reportVariable    = "PLATFORM_REPORT"
	resourcesVariable = "PLATFORM_RESOURCES"
)

// Report is the part of the policy pack's report that the lab reads. docs/report.schema.json says what each field is.
type Report struct {
	Headline  string    `json:"headline"`
	Placement Placement `json:"placement"`
	NodeLoss  []Loss    `json:"nodeLoss"`
}

// Placement is where every pod lands.
type Placement struct {
	Nodes []NodeUse `json:"nodes"`
}

// NodeUse is what pods may ask of a node, in millicores and MiB.
type NodeUse struct {
	Node              string `json:"node"`
	AllocatableCPU    int64  `json:"allocatableCpuMillis"`
	AllocatableMemory int64  `json:"allocatableMemoryMiB"`
}

// Loss is what happens without a node.
type Loss struct {
	Node     string     `json:"node"`
	Tiers    []TierLoss `json:"tiers"`
	DataLost []string   `json:"dataLost"`
}

// TierLoss is what becomes of one tier's pods.
type TierLoss struct {
	Tier    string `json:"tier"`
	StaysUp int    `json:"staysUp"`
	Moves   int    `json:"moves"`
}
