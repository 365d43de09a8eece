package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPageOfTheLabNamesItsPackages(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "lab.md"))
	require.NoError(t, err)
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	var missing []string
	for _, entry := range entries {
		if entry.IsDir() && !strings.Contains(string(page), "`"+entry.Name()+"`") {
			missing = append(missing, entry.Name())
		}
	}
	assert.Empty(t, missing, "packages that docs/lab.md does not name")
}
