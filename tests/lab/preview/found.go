package preview

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Files that a preview leaves in a directory for a comment to be made of.
const (
	reportFile = "report.json"
	planFile   = "plan.json"
	outputFile = "preview.txt"
)

// Read takes what a preview left in a directory; each file may be missing.
func Read(dir string) (*Found, error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, err
	}
	found := &Found{}
	for name, into := range map[string]any{reportFile: &found.Report, planFile: &found.Plan} {
		body, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(body, into); err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(dir, name), err)
		}
	}
	output, err := os.ReadFile(filepath.Join(dir, outputFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	found.Output = string(output)
	return found, nil
}
