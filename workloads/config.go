package workloads

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/infra/boundary"
	"ecommerce-platform/workloads/monitoring"
)

// Args is what the workloads layer needs to know. It has no defaults: every field but ControlPlane is required.
type Args struct {
	// Kubeconfig reaches the cluster as its administrator. It is treated as a secret.
	Kubeconfig pulumi.StringInput
	// Identifier names the cluster. It must be known in every preview and must not change while the cluster lives: a
	// provider whose kubeconfig is unknown would otherwise plan to replace itself and everything in it.
	Identifier string
	// Namespace holds the shop, such as "ecommerce".
	Namespace string
	// Nodes are the workers. Their order means nothing.
	Nodes []Placement
	// Frontend, Backend, Postgres and Redis are the four tiers.
	Frontend Application
	Backend  Backend
	Postgres Database
	Redis    Redis
	// Isolation says who may speak to whom: "tiers", what the table of flows names; "open", everybody.
	Isolation string
	// Quota says what the namespace may request: "tiers", what they need with room for their rollouts; "none", anything.
	Quota string
	// PodCidr is the block that pods get addresses from, "192.168.0.0/16".
	PodCidr string
	// Logins are those to registries that images are pulled from, by host: "registry.example.com:5000".
	Logins map[string]Login
	// NodePort is the port of the shop on every node, 30000 to 32767.
	NodePort int
	// DatabasePassword is the password of PostgreSQL's superuser. It is treated as a secret.
	DatabasePassword pulumi.StringInput
	// CloudNativePGImage is the operator's, which runs where the database has more than one replica.
	CloudNativePGImage string
	// MetricsServer tells whether metrics-server runs, which autoscaling needs, and MetricsServerImage from what.
	MetricsServer      bool
	MetricsServerImage string
	// Monitoring tells whether the platform is watched, and MonitoringImages from what.
	Monitoring       monitoring.Settings
	MonitoringImages monitoring.Images
	// Alerting says who is told of alerts. It is treated as a secret.
	Alerting monitoring.Alerting
	// ControlPlane is the machine whose deletion takes the cluster with it, so that nothing in the cluster has to be
	// deleted before. Nil where another stack holds the machine.
	ControlPlane pulumi.Resource
}

// Placement is a node that pods may be placed on.
type Placement struct {
	// Name is the node's name, which is also its kubernetes.io/hostname label.
	Name   string
	Labels map[string]string
	Taints []boundary.Taint
	// Address is where clients reach the node.
	Address pulumi.StringInput
}

// Tier sizes one tier.
type Tier struct {
	Replicas int `json:"replicas"`
	// Image names a tag other than latest, or a digest: "nginx:alpine".
	Image string `json:"image"`
	// Requests is what the scheduler sets aside for a pod; both fields are required.
	Requests Resources `json:"requests"`
	// Limits is what a pod may use at the most; a field left empty does not limit.
	Limits Resources `json:"limits"`
}

// Application is a tier whose program is the user's to choose. An image whose repository is named nginx gets the shop's
// configuration and pages, any other runs as it is.
type Application struct {
	Tier
	// Port is where the container listens, and PORT in its environment.
	Port int `json:"port"`
	// User is the user and the group that the container runs as, never 0.
	User int `json:"user"`
	// Args are those of the image's entry point. None runs its default.
	Args []string `json:"args"`
	// Env are variables, over those that the platform sets: {"LOG_LEVEL": "debug"}.
	Env map[string]string `json:"env"`
	// SecretEnv are variables that a Secret holds. Their values are treated as secrets.
	SecretEnv map[string]string `json:"-"`
	// ReadinessPath fails while a pod must get no requests, LivenessPath when only a restart helps.
	ReadinessPath string `json:"readinessPath"`
	LivenessPath  string `json:"livenessPath"`
	// Scratch are directories that the program may write, with their size limits: {"/tmp": "64Mi"}. They end with the pod.
	Scratch map[string]string `json:"scratch"`
	// Autoscale lets the cluster choose the number of pods, and Replicas is then without effect.
	Autoscale Autoscale `json:"autoscale"`
	// Egress is what the program connects to outside of the shop, besides names.
	Egress []Destination `json:"egress"`
}

// Destination is a TCP port at the addresses of an IPv4 block: {"cidr": "203.0.113.10/32", "port": 5432}.
type Destination struct {
	Cidr string `json:"cidr"`
	Port int    `json:"port"`
}

// Backend is the tier behind the frontend.
type Backend struct {
	Application
	// Paths are those that the frontend hands on: a path and what lies below it, or what begins with one that ends in a
	// slash.
	Paths []string `json:"paths"`
	// MetricsPort is where the program tells its metrics at /metrics, another port than Port: 9090. Optional: 0 is a program that does not.
	MetricsPort int `json:"metricsPort"`
}

// Login is a user of a registry. The password is treated as a secret.
type Login struct{ Username, Password string }

// Redis sizes the cache tier.
type Redis struct {
	Tier
	// Settings are lines of redis.conf, which win over those of site/redis.conf: {"maxmemory": "192mb"}.
	Settings map[string]string `json:"settings"`
}

// Database is the database tier: one server, whose data lie on one node; or with two or three replicas as many servers on as many nodes,
// of which one is the primary and the others have what it has.
type Database struct {
	Tier
	// Durability says what an order waits for with more than one replica: "required", until another server has it, however long there is
	// none; "preferred", as long as there is one. Default: preferred of two, which would stop with either of them; required of three.
	Durability string `json:"durability"`
	// Node is the worker that holds the data of one server. Optional where only one may: see DatabaseNodes. With more replicas, each that may
	// holds some.
	Node string `json:"node"`
	// Volume names the file system on the node; another name is another, empty one.
	Volume string `json:"volume"`
	// VolumeType is gp2 or gp3, for an EBS volume of its own, or empty for a part of the node's first disk. Optional.
	VolumeType string `json:"volumeType"`
	// VolumeGiB is its size. It can grow.
	VolumeGiB int `json:"volumeGiB"`
	// SharedMemory bounds /dev/shm, where the workers of one query meet. It counts as memory of the container.
	SharedMemory string `json:"sharedMemory"`
	// Moved is any text; another one lets the server start on another node, volume or major version.
	Moved string `json:"moved"`
}

// Resources are Kubernetes quantities: {"cpu": "100m", "memory": "128Mi"}.
type Resources struct {
	CPU    string `json:"cpu"`
	Memory string `json:"memory"`
}
