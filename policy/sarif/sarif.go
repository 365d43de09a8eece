// Package sarif renders the broken policies of a report as SARIF 2.1.0, which code scanning services read.
package sarif

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"ecommerce-platform/policy/report"
	"ecommerce-platform/policy/review"
)

// Versions of the format and of its schema. Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/
const (
	version  = "2.1.0"
	language = "en-US"
	schema   = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

type log struct {
	Schema  string `json:"$schema"`
	Version string `json:"version"`
	Runs    []run  `json:"runs"`
}

type run struct {
	Tool       tool     `json:"tool"`
	Results    []result `json:"results"`
	ColumnKind string   `json:"columnKind"`
	// The format's defaults, which not every reader knows.
	Language         string   `json:"language"`
	NewlineSequences []string `json:"newlineSequences"`
}

type tool struct {
	Driver driver `json:"driver"`
}

type driver struct {
	Name     string `json:"name"`
	Version  string `json:"semanticVersion"`
	Language string `json:"language"`
	Rules    []rule `json:"rules"`
}

type rule struct {
	ID            string        `json:"id"`
	Short         message       `json:"shortDescription"`
	HelpURI       string        `json:"helpUri,omitempty"`
	Help          message       `json:"help"`
	Configuration configuration `json:"defaultConfiguration"`
}

type configuration struct {
	Level string `json:"level"`
}

type message struct {
	Text string `json:"text"`
}

type result struct {
	RuleID       string            `json:"ruleId"`
	RuleIndex    int               `json:"ruleIndex"`
	Level        string            `json:"level"`
	Message      message           `json:"message"`
	Locations    []location        `json:"locations"`
	Fingerprints map[string]string `json:"partialFingerprints"`
}

type location struct {
	Physical physical  `json:"physicalLocation"`
	Logical  []logical `json:"logicalLocations,omitempty"`
}

type physical struct {
	Artifact artifact `json:"artifactLocation"`
	Region   region   `json:"region"`
}

type artifact struct {
	URI string `json:"uri"`
}

type region struct {
	StartLine int `json:"startLine"`
}

type logical struct {
	Name          string `json:"name"`
	QualifiedName string `json:"fullyQualifiedName"`
	Kind          string `json:"kind"`
}

// Encode renders the violations of a report. docs is the address of the directory of docs/policies.md, empty for rules without a link.
//
// A result's logical location is the resource by URN. Its physical one, which code scanning asks for, is where the program registers the
// resource, and where that is not known the first line of the component's file.
func Encode(r *report.Report, docs string) ([]byte, error) {
	out := run{
		Tool: tool{driver{Name: "ecommerce-platform policy pack", Version: review.Version, Language: language, Rules: []rule{}}}, Results: []result{},
		ColumnKind: "unicodeCodePoints", Language: language, NewlineSequences: []string{"\r\n", "\n"},
	}
	index := map[string]int{}
	for _, policy := range review.Policies(&review.Once{}) {
		if policy.Name() == review.Observe {
			continue // it never objects
		}
		help := ""
		if docs != "" {
			help = docs + "/" + report.Row(policy.Name())
		}
		level := report.Advisory
		if policy.EnforcementLevel() == policyx.EnforcementLevelMandatory {
			level = report.Mandatory
		}
		index[policy.Name()] = len(out.Tool.Driver.Rules)
		out.Tool.Driver.Rules = append(out.Tool.Driver.Rules, rule{
			policy.Name(), message{policy.Description()}, help, message{policy.Description()}, configuration{levels[level]},
		})
	}
	for _, v := range r.Violations {
		i, known := index[v.Rule]
		if !known {
			return nil, fmt.Errorf("violation of %q: the pack has no such policy", v.Rule)
		}
		at := location{Physical: place(v)}
		if v.Resource != "" {
			at.Logical = []logical{{v.Resource[strings.LastIndex(v.Resource, "::")+len("::"):], v.Resource, "resource"}}
		}
		out.Results = append(out.Results, result{v.Rule, i, levels[v.Level], message{v.Message}, []location{at}, map[string]string{
			"policyAndResource/v1": fmt.Sprintf("%x", sha256.Sum256([]byte(v.Rule+"\n"+v.Resource)))[:32],
		}})
	}
	return json.MarshalIndent(log{schema, version, []run{out}}, "", "  ")
}

// levels are those of SARIF.
var levels = map[string]string{report.Mandatory: "error", report.Advisory: "warning"}

// place is where a violation's resource is registered.
func place(v report.Violation) physical {
	if name, line, found := strings.Cut(v.Source, ":"); found {
		if n, err := strconv.Atoi(line); err == nil && n > 0 {
			return physical{artifact{name}, region{n}}
		}
	}
	return physical{artifact{file(v.Resource)}, region{1}}
}

// file is where resources of a component are declared.
func file(urn string) string {
	for component, file := range map[string]string{
		"ecommerce-platform:infra:": "infra/infra.go", "ecommerce-platform:cluster:": "cluster/cluster.go",
		"ecommerce-platform:workloads:": "workloads/workloads.go",
	} {
		if strings.Contains(urn, component) {
			return file
		}
	}
	return "main.go"
}
