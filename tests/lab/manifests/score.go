package manifests

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"ecommerce-platform/tests/lab/toolchain"
)

// Result is what a check of kube-score says of an object that it is about.
type Result struct {
	// Check is its name, such as "container-resources".
	Check string
	// Object is written as Object.String does.
	Object string
	// Found is what it finds that is critical or a warning. Without anything the object passes.
	Found []string
}

// warning is the grade of one; what is critical has a lower one.
const warning = 5

// Score has every check of kube-score judge the objects, also those that it leaves out by default. Minor is the one of Kubernetes that
// they are for, such as 1.36.
func Score(ctx context.Context, objects []Object, minor string) ([]Result, error) {
	var text bytes.Buffer
	for _, object := range objects {
		body, err := json.Marshal(object)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", object, err)
		}
		text.WriteString("---\n" + string(body) + "\n")
	}
	out, err := kubeScore(ctx, text.String(), "score", "--output-format", "json", "--all-default-optional",
		"--disable-ignore-checks-annotations", "--kubernetes-version", "v"+minor, "-")
	if err != nil {
		return nil, err
	}
	var scored []struct {
		Meta struct {
			Kind string `json:"kind"`
		} `json:"type_meta"`
		ObjectMeta map[string]any `json:"object_meta"`
		Checks     []struct {
			Check struct {
				ID string `json:"id"`
			}
			Grade    int
			Skipped  bool
			Comments []struct{ Summary string }
		}
	}
	if err := json.Unmarshal(out, &scored); err != nil {
		return nil, fmt.Errorf("kube-score: %w: %s", err, out)
	}
	var results []Result
	for _, s := range scored {
		for _, check := range s.Checks {
			if check.Skipped {
				continue
			}
			result := Result{Check: check.Check.ID, Object: Object{"kind": s.Meta.Kind, "metadata": s.ObjectMeta}.String()}
			if check.Grade <= warning {
				for _, comment := range check.Comments {
					result.Found = append(result.Found, comment.Summary)
				}
				if len(result.Found) == 0 {
					return nil, fmt.Errorf("%s: %s: does not pass, and kube-score does not say why", result.Check, result.Object)
				}
			}
			results = append(results, result)
		}
	}
	return merged(results), nil
}

// merged has one result for each check and object, with all that is found of it in any configuration.
func merged(results []Result) []Result {
	var merged []Result
	slices.SortFunc(results, func(a, b Result) int {
		return cmp.Or(strings.Compare(a.Check, b.Check), strings.Compare(a.Object, b.Object))
	})
	for _, result := range results {
		last := len(merged) - 1
		if last < 0 || merged[last].Check != result.Check || merged[last].Object != result.Object {
			merged = append(merged, Result{Check: result.Check, Object: result.Object})
			last++
		}
		found := slices.Concat(merged[last].Found, result.Found)
		slices.Sort(found)
		merged[last].Found = slices.Compact(found)
	}
	return merged
}

// Checks are the names of all that kube-score checks, in its order.
func Checks(ctx context.Context) ([]string, error) {
	out, err := kubeScore(ctx, "", "list")
	if err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("kube-score list: %w", err)
	}
	var names []string
	for _, row := range rows {
		names = append(names, row[0])
	}
	return names, nil
}

// kubeScore runs it. It ends with 1 both where it finds something critical and where it cannot judge, which it says on standard error.
func kubeScore(ctx context.Context, stdin string, args ...string) ([]byte, error) {
	tool, err := toolchain.Tool(ctx, "kube-score")
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, tool, args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) && len(failed.Stderr) > 0 {
		return nil, fmt.Errorf("kube-score: %s", failed.Stderr)
	}
	if err != nil && failed == nil {
		return nil, err
	}
	return out, nil
}
