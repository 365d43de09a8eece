package main

import (
	"context"

	"ecommerce-platform/tests/lab/toolchain"
)

// vulnerabilities looks for known ones in the code that the modules call. It asks vuln.go.dev, and fails where that is out of reach.
func vulnerabilities(ctx context.Context) error {
	govulncheck, err := toolchain.Tool(ctx, "govulncheck")
	if err != nil {
		return err
	}
	c, err := newChecks()
	if err != nil {
		return err
	}
	for _, module := range modules {
		c.run(ctx, module, govulncheck, "./...")
	}
	return c.failures()
}
