// Command bench-client runs the probes that it reads as JSON on standard input, one after the other, and writes what they
// found as JSON.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"ecommerce-platform/tests/lab/load"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var probes []load.Probe
	if err := json.NewDecoder(os.Stdin).Decode(&probes); err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	var answers []load.Answer
	for _, p := range probes {
		answer, err := p.Run(ctx)
		if err != nil {
			return err
		}
		answers = append(answers, answer)
	}
	return json.NewEncoder(os.Stdout).Encode(answers)
}
