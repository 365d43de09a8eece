package monitoring

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/VictoriaMetrics/metricsql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The format of a dashboard of vmui.
// https://github.com/VictoriaMetrics/VictoriaMetrics/tree/master/app/vmui#configuration-options
type (
	dashboard struct {
		Title string `json:"title"`
		Rows  []row  `json:"rows"`
	}
	row struct {
		Title  string  `json:"title"`
		Panels []panel `json:"panels"`
	}
	panel struct {
		Title       string   `json:"title"`
		Description string   `json:"description"`
		Unit        string   `json:"unit"`
		Expr        []string `json:"expr"`
		Alias       []string `json:"alias"`
		Width       int      `json:"width"`
	}
)

// columns are those of a row that is full.
const columns = 12

func TestDashboards(t *testing.T) {
	titles := map[string]bool{}
	for _, path := range watched(t, "dashboards", "*.json") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			decoder := json.NewDecoder(bytes.NewReader(text))
			decoder.DisallowUnknownFields()
			var board dashboard
			require.NoError(t, decoder.Decode(&board))
			assert.NotEmpty(t, board.Title)
			assert.False(t, titles[board.Title], "the title is taken")
			titles[board.Title] = true
			require.NotEmpty(t, board.Rows)
			for _, row := range board.Rows {
				assert.NotEmpty(t, row.Title)
				width := 0
				for _, panel := range row.Panels {
					assert.NotEmpty(t, panel.Title)
					assert.NotEmpty(t, panel.Expr, panel.Title)
					assert.Len(t, panel.Alias, len(panel.Expr), "%s: a name for each expression", panel.Title)
					for _, expression := range panel.Expr {
						_, err := metricsql.Parse(expression)
						require.NoError(t, err, panel.Title)
					}
					width += panel.Width
				}
				assert.Zero(t, width%columns, "%s: the last line of panels is full", row.Title)
			}
		})
	}
}
