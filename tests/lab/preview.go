package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"ecommerce-platform/tests/lab/preview"
	"ecommerce-platform/tests/lab/toolchain"
)

// previewProgram previews this checkout with the policy pack. REPORT and DIFF name files for the pack's report and for
// the plan, from which the difference between two checkouts is made; both are JSON.
func previewProgram(ctx context.Context) error {
	if err := toolchain.ChooseSources(ctx); err != nil {
		return err
	}
	result, err := preview.Run(ctx, preview.Options{Output: os.Stdout})
	if result == nil {
		return err
	}
	var plan []byte
	if result.Plan != nil {
		var planErr error
		plan, planErr = json.MarshalIndent(result.Plan, "", " ")
		err = errors.Join(err, planErr)
	}
	err = errors.Join(err, write("REPORT", result.Raw), write("DIFF", plan))
	fmt.Println(result.Summary(err))
	return preview.Brief(err)
}

// write writes to the file that the variable names, if it is set.
func write(variable string, content []byte) error {
	path := os.Getenv(variable)
	switch {
	case path == "":
		return nil
	case len(content) == 0:
		return fmt.Errorf("%s %q: not written, the preview ended before there was anything to write", variable, path)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return fmt.Errorf("%s: %w", variable, err)
	}
	return nil
}
