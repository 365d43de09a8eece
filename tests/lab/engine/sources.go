package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// Sources previews the stack and returns where the program registers each resource, by URN: a file below the program's directory
// and a line, such as infra/nodes.go:45. What providers and packages outside that directory register is missing.
func (s *Stack) Sources(ctx context.Context) (map[string]string, error) {
	program := s.workspace.options.Program
	out, err := s.workspace.run(ctx, call{
		dir: program, args: []string{"preview", "--json", "--stack", s.Name, "--config-file", s.configFile()},
	})
	if err != nil {
		return nil, err
	}
	var digest struct {
		Steps []struct {
			URN      string `json:"urn"`
			NewState struct {
				SourcePosition string `json:"sourcePosition"`
			} `json:"newState"`
		} `json:"steps"`
	}
	if err := json.Unmarshal([]byte(out), &digest); err != nil {
		return nil, fmt.Errorf("pulumi preview --json: %w", err)
	}
	sources := map[string]string{}
	for _, step := range digest.Steps {
		if source := sourceIn(program, s.workspace.project, step.NewState.SourcePosition); source != "" {
			sources[step.URN] = source
		}
	}
	return sources, nil
}

// sourceIn reads a position such as project:///infra/nodes.go#45, which is seen from the program's directory. Of a program that is
// built with -trimpath the file begins with the module's name instead, taken for a directory of the root.
func sourceIn(program, module, position string) string {
	address, err := url.Parse(position)
	if err != nil || address.Scheme != "project" || address.Fragment == "" {
		return ""
	}
	file := filepath.Join(program, strings.TrimPrefix(address.Path, "/"))
	name, trimmed := strings.CutPrefix(file, "/"+module+"/")
	if !trimmed {
		if name, err = filepath.Rel(program, file); err != nil {
			return ""
		}
	}
	if !filepath.IsLocal(name) {
		return ""
	}
	if info, err := os.Stat(filepath.Join(program, name)); err != nil || info.IsDir() {
		return ""
	}
	line, _, _ := strings.Cut(address.Fragment, ",")
	return filepath.ToSlash(name) + ":" + line
}
