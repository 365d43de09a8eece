package cluster

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"

	"sigs.k8s.io/yaml"
)

const (
	// auditDirectory holds the policies of the audit log on the control plane.
	auditDirectory    = "/etc/kubernetes/audit"
	auditLogDirectory = "/var/log/kubernetes/audit"
)

// auditLevels say how much of a request is written down: nothing, who asked for what, also the request, also the response.
// Source: https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/
var auditLevels = []string{"None", "Metadata", "Request", "RequestResponse"}

// AuditLog is what the API server writes down of the requests it gets, in /var/log/kubernetes/audit/audit.log of the
// control plane.
type AuditLog struct {
	// Level is None, Metadata, Request or RequestResponse. What may hold a secret is written down with its metadata at most.
	Level string `json:"level"`
	// MaxAge is for how many days a file is kept.
	MaxAge int `json:"maxAge"`
	// MaxBackup is how many files are kept besides the one that is written.
	MaxBackup int `json:"maxBackup"`
	// MaxSize is how many megabytes a file holds.
	MaxSize int `json:"maxSize"`
}

// auditVolumes let the API server read the policy and write the log.
var auditVolumes = []hostPathMount{
	{Name: "audit-policy", HostPath: auditDirectory, MountPath: auditDirectory, ReadOnly: true, PathType: "DirectoryOrCreate"},
	{Name: "audit-log", HostPath: auditLogDirectory, MountPath: auditLogDirectory, PathType: "DirectoryOrCreate"},
}

type (
	auditPolicy struct {
		typeMeta
		OmitStages []string    `json:"omitStages"`
		Rules      []auditRule `json:"rules"`
	}
	auditRule struct {
		Level           string           `json:"level"`
		Users           []string         `json:"users,omitempty"`
		UserGroups      []string         `json:"userGroups,omitempty"`
		Verbs           []string         `json:"verbs,omitempty"`
		Resources       []auditResources `json:"resources,omitempty"`
		NonResourceURLs []string         `json:"nonResourceURLs,omitempty"`
	}
	auditResources struct {
		Group     string   `json:"group"`
		Resources []string `json:"resources,omitempty"`
	}
)

func (l AuditLog) on() bool { return l.Level != "None" }

// policy is the audit policy. The first rule that matches a request decides.
func (l AuditLog) policy() (string, error) {
	policy, err := yaml.Marshal(auditPolicy{
		typeMeta: typeMeta{"audit.k8s.io/v1", "Policy"},
		// A request that was answered is told once.
		OmitStages: []string{"RequestReceived"},
		Rules: []auditRule{
			{Level: "None", NonResourceURLs: []string{"/healthz*", "/livez*", "/readyz*"}},
			// Each component and each node says every few seconds that it is alive.
			{Level: "None", UserGroups: []string{"system:nodes"}, Verbs: []string{"get", "update"}, Resources: leases},
			{
				Level: "None", Users: []string{"system:kube-controller-manager", "system:kube-scheduler"},
				Verbs: []string{"get", "update"}, Resources: leases,
			},
			// Events are a log themselves.
			{Level: "None", Resources: []auditResources{{Resources: []string{"events"}}, {Group: "events.k8s.io", Resources: []string{"events"}}}},
			// Bodies that may hold a secret.
			{Level: "Metadata", Resources: []auditResources{
				{Resources: []string{"secrets", "configmaps", "serviceaccounts/token", "pods/exec", "pods/attach"}},
				{Group: "authentication.k8s.io"},
				{Group: "certificates.k8s.io"},
			}},
			{Level: l.Level},
		},
	})
	return string(policy), err
}

var leases = []auditResources{{Group: "coordination.k8s.io", Resources: []string{"leases"}}}

// file is the policy's name and text. Another policy has another name, since the API server reads it when it starts only.
func (l AuditLog) file() (name, text string, err error) {
	text, err = l.policy()
	return fmt.Sprintf("policy-%.8x.yaml", sha256.Sum256([]byte(text))), text, err
}

// arguments are the API server's.
func (l AuditLog) arguments() ([]argument, error) {
	name, _, err := l.file()
	return []argument{
		{"audit-policy-file", auditDirectory + "/" + name},
		{"audit-log-path", auditLogDirectory + "/audit.log"},
		{"audit-log-maxage", strconv.Itoa(l.MaxAge)},
		{"audit-log-maxbackup", strconv.Itoa(l.MaxBackup)},
		{"audit-log-maxsize", strconv.Itoa(l.MaxSize)},
	}, err
}

func (p *problems) auditLog(l AuditLog) {
	if !slices.Contains(auditLevels, l.Level) {
		p.Addf("auditLog.level %q: must be one of %v", l.Level, auditLevels)
	}
	for _, bound := range []struct {
		key   string
		value int
	}{{"maxAge", l.MaxAge}, {"maxBackup", l.MaxBackup}, {"maxSize", l.MaxSize}} {
		if bound.value < 1 {
			p.Addf("auditLog.%s %d: must be at least 1, since the API server takes 0 for no bound", bound.key, bound.value)
		}
	}
}
