//go:build lab

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"ecommerce-platform/tests/lab/labtest"
	"ecommerce-platform/tests/lab/toolchain"
)

func TestOtherBackendsInTheShopsPlace(t *testing.T) {
	defer backToTheShop(t)
	t.Run("the specification's own image, for a platform that has no registry", func(t *testing.T) {
		runBackend(t, map[string]any{"image": "nginx:alpine"})
		stock := eventuallyAnswers(t, "/data", func(answer reply) bool { return answer.Tier == "backend" })
		assert.Contains(t, stock.Pod, "backend-")
		eventuallyAnswers(t, "/api/products", func(answer reply) bool { return answer.Source == "constant" })
	})
	t.Run("the documentation's example, which nobody told where the database is", func(t *testing.T) {
		runBackend(t, documentedBackend(t))
		var found struct{ Rows [][]any }
		labtest.Eventually(t, 30*time.Second, func() error {
			_, _, body, err := shop.Fetch(t.Context(), "/pgweb/api/query?query=select+current_user,count(*)+from+products")
			if err == nil {
				err = json.Unmarshal([]byte(body), &found)
			}
			if err == nil && len(found.Rows) == 0 {
				err = fmt.Errorf("another backend answers: %s", body)
			}
			return err
		})
		assert.Equal(t, [][]any{{"shop", 6.0}}, found.Rows, "the role of applications sees the shop's tables")
		for path, want := range map[string]int{
			"/": http.StatusOK, "/pgweb/": http.StatusOK, "/pgweb": http.StatusNotFound, "/api/products": http.StatusNotFound,
		} {
			status, _, _, err := shop.Fetch(t.Context(), path)
			require.NoError(t, err)
			assert.Equal(t, want, status, path)
		}
	})
}

func runBackend(t *testing.T, backend map[string]any) {
	t.Helper()
	require.NoError(t, shop.Set(t.Context(), map[string]any{"backend": backend}))
	_, err := shop.Stack.Up(t.Context())
	require.NoError(t, err)
}

// backToTheShop undoes what a test set. Until the nodes have heard of it, a frontend may answer that hands on other paths.
func backToTheShop(t *testing.T) {
	t.Helper()
	runBackend(t, map[string]any{})
	labtest.Eventually(t, 30*time.Second, func() error {
		_, _, body, err := shop.Fetch(t.Context(), "/data"+unique())
		var answer reply
		if err == nil {
			err = json.Unmarshal([]byte(body), &answer)
		}
		if err == nil && len(answer.Products) != 6 {
			err = fmt.Errorf("no products in %s", body)
		}
		return err
	})
}

// documentedBackend is the example of the section on one's own application.
func documentedBackend(t *testing.T) map[string]any {
	t.Helper()
	path, err := toolchain.Source("..", "..", "docs", "configuration.md")
	require.NoError(t, err)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	section := regexp.MustCompile("(?s)\n## Your own application\n.*?\n```yaml\n(.*?)\n```\n").FindSubmatch(text)
	require.NotNil(t, section, "the page has no such section with an example in YAML")
	var stack struct {
		Config map[string]map[string]any `json:"config"`
	}
	require.NoError(t, yaml.UnmarshalStrict(section[1], &stack))
	backend := stack.Config["ecommerce-platform:backend"]
	require.NotEmpty(t, backend)
	return backend
}
