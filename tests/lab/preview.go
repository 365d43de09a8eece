package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"ecommerce-platform/tests/lab/preview"
)

// previewProgram previews this checkout with the policy pack. REPORT and DIFF name files for the pack's report and for
// the plan, from which the difference between two checkouts is made; both are JSON.
func previewProgram(ctx context.Context) error {
	result, err := preview.Run(ctx, preview.Options{Output: os.Stdout})
	if result == nil {
		return err
	}
	for variable, body := range map[string]func() ([]byte, error){
		"REPORT": func() ([]byte, error) { return result.Raw, nil },
		"DIFF":   func() ([]byte, error) { return json.MarshalIndent(result.Plan, "", " ") },
	} {
		path := os.Getenv(variable)
		if path == "" {
			continue
		}
		content, contentErr := body()
		if contentErr != nil || len(content) == 0 {
			err = errors.Join(err, contentErr, fmt.Errorf("%s %q: nothing to write, the preview ended before", variable, path))
			continue
		}
		if writeErr := os.WriteFile(path, content, 0o600); writeErr != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", variable, writeErr))
		}
	}
	fmt.Println(result.Summary(err))
	return preview.Brief(err)
}
