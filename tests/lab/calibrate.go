package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"ecommerce-platform/tests/lab/calibrate"
	"ecommerce-platform/tests/lab/toolchain"
)

// calibratePreview holds the preview's verdicts against a real control plane, or one of them, if CASE names its seed.
func calibratePreview(ctx context.Context) error {
	seed, one, err := number("CASE", 0)
	if err != nil {
		return err
	}
	if one {
		return calibrate.One(ctx, seed, os.Stdout)
	}
	options := calibrate.Options{Out: os.Stdout}
	if options.Parts, err = calibrate.PartsOf(strings.Fields(os.Getenv("PARTS"))); err != nil {
		return err
	}
	if options.Cases, _, err = number("CASES", 0); err != nil {
		return err
	}
	docs, err := toolchain.Source("..", "..", "docs")
	if err != nil {
		return err
	}
	options.Document = docs + "/calibration.md"
	return calibrate.Run(ctx, options)
}

// number reads a number from the environment, and tells whether it is there.
func number(name string, otherwise uint64) (uint64, bool, error) {
	text := os.Getenv(name)
	if text == "" {
		return otherwise, false, nil
	}
	value, err := strconv.ParseUint(text, 10, 64)
	if err != nil || value == 0 {
		return 0, false, fmt.Errorf("%s %q: must be a positive number", name, text)
	}
	return value, true, nil
}
