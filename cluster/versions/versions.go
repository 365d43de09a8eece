// Package versions is the one table of what the platform installs and was tried with. The program, the policy pack and the
// lab read it, and `make bump` changes it. It is a module of its own, without dependencies, so that all of them can.
package versions

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
)

//go:embed versions.json
var file []byte

// Table is everything in versions.json. A version is full and without a v.
type Table struct {
	Kubernetes Kubernetes `json:"kubernetes"`
	Containerd Containerd `json:"containerd"`
	Calico     Calico     `json:"calico"`
	// NodeExporter is the monitoring agent's.
	NodeExporter string `json:"nodeExporter"`
	// MetricsServer is that of what tells the use of nodes and pods.
	MetricsServer string `json:"metricsServer"`
	// VictoriaMetrics is that of what keeps metrics and of vmalert, which judges them.
	VictoriaMetrics string `json:"victoriaMetrics"`
	// VictoriaLogs is that of what keeps logs and of vlagent, which collects them.
	VictoriaLogs string `json:"victoriaLogs"`
	// Alertmanager is that of what sends alerts.
	Alertmanager string `json:"alertmanager"`
	// KubeStateMetrics is that of what turns the API server's objects into metrics.
	KubeStateMetrics string `json:"kubeStateMetrics"`
	// CloudNativePG is that of what runs a replicated database; the checksum is of releases/cnpg-<version>.yaml.
	CloudNativePG Manifest `json:"cloudNativePG"`
}

// Kubernetes is the releases of Kubernetes that the platform installs, one of each minor.
type Kubernetes struct {
	// Default is the minor that a new cluster gets.
	Default string `json:"default"`
	// Releases are in order, oldest first.
	Releases []Release `json:"releases"`
}

// Release is one version of Kubernetes with what kubeadm of that version brings along.
type Release struct {
	Version string `json:"version"`
	// Ends is the month in which the project stops mending its minor, such as 2027-02: 14 months after its release.
	// https://kubernetes.io/releases/patch-releases/#support-period
	Ends string `json:"ends"`
	// Etcd, CoreDNS and Pause are kubeadm's own constants.
	Etcd    string `json:"etcd"`
	CoreDNS string `json:"coredns"`
	Pause   string `json:"pause"`
}

// Containerd is the versions of the container runtime.
type Containerd struct {
	// Version is the one that a new cluster gets.
	Version string `json:"version"`
	// Before is the one that the lab takes clusters from.
	Before string `json:"before"`
}

// Manifest is a version of what a cluster gets from its project's own manifest.
type Manifest struct {
	Version string `json:"version"`
	// ManifestSHA256 is the checksum of that version's manifest.
	ManifestSHA256 string `json:"manifestSha256"`
}

// Calico is the network that a new cluster gets; the checksums are of manifests/calico.yaml.
type Calico struct {
	Manifest
	// Lab is what the lab runs instead: the newest that is to be had as a Go module.
	Lab Manifest `json:"lab"`
	// Tested is which minors of Kubernetes a minor of Calico was tried with, by its project or by the lab.
	// https://docs.tigera.io/calico/latest/getting-started/kubernetes/requirements
	Tested []Tested `json:"tested"`
}

// Tested is the minors of Kubernetes, from the oldest to the newest, that a minor of Calico was tried with.
type Tested struct {
	Minor  string `json:"minor"`
	Oldest string `json:"oldest"`
	Newest string `json:"newest"`
}

// All is the table.
var All = mustRead(file)

func mustRead(text []byte) Table {
	table, err := Read(text)
	if err != nil {
		panic(err)
	}
	return table
}

// Read takes the text of a table apart.
func Read(text []byte) (Table, error) {
	var table Table
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&table); err != nil {
		return table, fmt.Errorf("versions.json: %w", err)
	}
	if table.Kubernetes.Of(table.Kubernetes.Default) == nil {
		return table, fmt.Errorf("versions.json: kubernetes.default %q: no release of this minor is listed", table.Kubernetes.Default)
	}
	return table, nil
}

// Text is the table as versions.json holds it.
func (t Table) Text() ([]byte, error) {
	text, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("versions.json: %w", err)
	}
	text = append(text, '\n')
	if _, err := Read(text); err != nil {
		return nil, err
	}
	return text, nil
}

// Defaults are the values that Pulumi.yaml offers, by key.
func (t Table) Defaults() map[string]string {
	return map[string]string{
		"kubernetesVersion":           t.Kubernetes.New().Version,
		"containerdVersion":           t.Containerd.Version,
		"calicoVersion":               t.Calico.Version,
		"calicoManifestSha256":        t.Calico.ManifestSHA256,
		"cloudNativePGVersion":        t.CloudNativePG.Version,
		"cloudNativePGManifestSha256": t.CloudNativePG.ManifestSHA256,
		"nodeExporterImage":           "quay.io/prometheus/node-exporter:v" + t.NodeExporter,
		"metricsServerImage":          "registry.k8s.io/metrics-server/metrics-server:v" + t.MetricsServer,
		"victoriaMetricsImage":        "docker.io/victoriametrics/victoria-metrics:v" + t.VictoriaMetrics,
		"vmalertImage":                "docker.io/victoriametrics/vmalert:v" + t.VictoriaMetrics,
		"victoriaLogsImage":           "docker.io/victoriametrics/victoria-logs:v" + t.VictoriaLogs,
		"vlagentImage":                "docker.io/victoriametrics/vlagent:v" + t.VictoriaLogs,
		"alertmanagerImage":           "quay.io/prometheus/alertmanager:v" + t.Alertmanager,
		"kubeStateMetricsImage":       "registry.k8s.io/kube-state-metrics/kube-state-metrics:v" + t.KubeStateMetrics,
	}
}

// Minor is the minor that a version belongs to: 1.2 for 1.2.3.
func Minor(version string) string {
	part := strings.SplitN(version, ".", 3)
	return strings.Join(part[:min(2, len(part))], ".")
}

// Minor is the minor of the release.
func (r Release) Minor() string { return Minor(r.Version) }

// Of is the release of a minor, or nil.
func (k Kubernetes) Of(minor string) *Release {
	for i := range k.Releases {
		if k.Releases[i].Minor() == minor {
			return &k.Releases[i]
		}
	}
	return nil
}

// New is the release that a new cluster gets.
func (k Kubernetes) New() Release { return *k.Of(k.Default) }

// Minors are those that the platform installs, oldest first.
func (k Kubernetes) Minors() []string {
	var minors []string
	for _, r := range k.Releases {
		minors = append(minors, r.Minor())
	}
	return minors
}
