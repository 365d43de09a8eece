package database

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// takesAway is what a program of the version before would miss, or be refused.
var takesAway = regexp.MustCompile(`(?i)\b(DROP|RENAME|TRUNCATE|DELETE|SET NOT NULL|ALTER COLUMN|ADD CONSTRAINT)\b`)

func TestMigrationsOnlyAdd(t *testing.T) {
	names, err := fs.Glob(Migrations(), "*.sql")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	for _, name := range names {
		text, err := fs.ReadFile(Migrations(), name)
		require.NoError(t, err)
		assert.NotRegexp(t, takesAway, string(text), name)
		assert.Contains(t, string(text), "-- +goose Up", name)
		assert.NotContains(t, string(text), "+goose Down", "%s: a rollback of the program keeps the schema", name)
	}
	assert.Regexp(t, takesAway, strings.ToLower("ALTER TABLE products DROP COLUMN stock"))
}
