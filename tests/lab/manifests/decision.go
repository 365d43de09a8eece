package manifests

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"ecommerce-platform/tests/lab/table"
)

// Decisions are what the project answers to kube-score.
type Decisions struct {
	// Accepted is what it finds and may.
	Accepted []Accepted `json:"accepted"`
	// Policies are those of the pack that say in every preview what a check says, by the check's name.
	Policies map[string]string `json:"policies"`
}

// Accepted is what a check finds of objects, and why it may.
type Accepted struct {
	Check string   `json:"check"`
	Finds []string `json:"finds"`
	// Reason is a sentence.
	Reason  string   `json:"reason"`
	Objects []string `json:"objects"`
}

//go:embed decisions.yaml
var decisionsYAML []byte

// ReadDecisions reads them from decisions.yaml.
func ReadDecisions() (*Decisions, error) {
	decisions := &Decisions{}
	if err := yaml.UnmarshalStrict(decisionsYAML, decisions); err != nil {
		return nil, fmt.Errorf("decisions.yaml: %w", err)
	}
	for _, accepted := range decisions.Accepted {
		if len(accepted.Finds) == 0 || accepted.Reason == "" || len(accepted.Objects) == 0 {
			return nil, fmt.Errorf("decisions.yaml: %s: finds, reason and objects are required", accepted.Check)
		}
	}
	return decisions, nil
}

// Judge returns what is wrong: what is found and not accepted, and what is accepted and not found.
func (d *Decisions) Judge(results []Result) (problems []string) {
	seen := map[string]bool{} // by what is accepted
	for _, accepted := range d.Accepted {
		for _, object := range accepted.Objects {
			for _, find := range accepted.Finds {
				seen[finding(accepted.Check, object, find)] = false
			}
		}
	}
	for _, result := range results {
		for _, find := range result.Found {
			name := finding(result.Check, result.Object, find)
			if _, accepted := seen[name]; accepted {
				seen[name] = true
			} else {
				problems = append(problems, name+": not accepted")
			}
		}
	}
	for name, found := range seen {
		if !found {
			problems = append(problems, name+": accepted, and not found")
		}
	}
	slices.Sort(problems)
	return problems
}

func finding(check, object, find string) string { return check + ": " + object + ": " + find }

// Table is what documents tell of every check.
func (d *Decisions) Table(checks []string, results []Result) string {
	var rows [][]string
	for _, check := range checks {
		row := []string{"`" + check + "`", "no such object", "", d.reasons(check)}
		if slices.ContainsFunc(results, func(r Result) bool { return r.Check == check }) {
			row[1] = "passed"
		}
		if row[3] != "" {
			row[1] = "accepted"
		}
		if policy := d.Policies[check]; policy != "" {
			row[2] = fmt.Sprintf("[`%[1]s`](#%[1]s)", policy)
		}
		rows = append(rows, row)
	}
	return table.Markdown([]string{"check", "", "in previews", "what does not pass, and why it may"}, rows)
}

func (d *Decisions) reasons(check string) string {
	var reasons []string
	for _, accepted := range d.Accepted {
		if accepted.Check != check {
			continue
		}
		var names []string
		for _, object := range accepted.Objects {
			kind, name, _ := strings.Cut(object, " ")
			if kind != "Deployment" {
				name = kind + " " + name
			}
			names = append(names, "`"+name+"`")
		}
		reasons = append(reasons, strings.Join(names, ", ")+": "+accepted.Reason)
	}
	return strings.Join(reasons, "<br>")
}
