package preview

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPreviewOfTheWatchedPlatform holds the monitoring against every policy.
func TestPreviewOfTheWatchedPlatform(t *testing.T) {
	var output bytes.Buffer
	watched, err := Run(t.Context(), Options{Output: &output, Changes: map[string]any{"monitoring": map[string]any{"enabled": true}}})
	require.NoError(t, err, output.String())
	assert.Regexp(t, `^Works\b`, watched.Report.Headline)
	var report struct {
		Violations   []struct{ Rule, Resource, Message string }
		NotEvaluated []json.RawMessage
	}
	require.NoError(t, json.Unmarshal(watched.Raw, &report))
	for _, violation := range report.Violations {
		if strings.Contains(violation.Resource, "shop-monitoring") {
			assert.Equal(t, "image-digest", violation.Rule, "%s: %s", violation.Resource, violation.Message)
		}
	}
	for _, gap := range report.NotEvaluated {
		assert.NotContains(t, string(gap), "shop-monitoring", "all of it is known before anything runs")
	}
}
