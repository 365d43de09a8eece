package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPageOfTheLabNamesItsPackages(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "lab.md"))
	require.NoError(t, err)
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, entry := range entries {
		if entry.IsDir() {
			assert.Contains(t, string(page), "`"+entry.Name()+"`")
		}
	}
}
