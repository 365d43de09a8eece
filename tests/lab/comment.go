package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"ecommerce-platform/tests/lab/preview"
)

// comment renders what previews of a pull request and of its base left in the directories HEAD and BASE, as files
// report.json, plan.json and preview.txt, into the file COMMENT, or to standard output.
func comment(context.Context) error {
	head, base := os.Getenv("HEAD"), os.Getenv("BASE")
	if head == "" {
		return errors.New("HEAD <unset>: required, the directory that the preview of the pull request wrote to")
	}
	found, err := preview.Read(head)
	if err != nil {
		return fmt.Errorf("HEAD: %w", err)
	}
	var before *preview.Found
	if base != "" {
		if before, err = preview.Read(base); err != nil {
			return fmt.Errorf("BASE: %w", err)
		}
	}
	text := preview.Comment(found, before)
	if path := os.Getenv("COMMENT"); path != "" {
		return os.WriteFile(path, []byte(text), 0o600)
	}
	fmt.Print(text)
	return nil
}
