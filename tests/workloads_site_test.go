package tests

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/pulumitest"
)

// workloadsSite are the files of the shop's page.
func workloadsSite(t *testing.T) (files map[string]any, version string) {
	t.Helper()
	rec := pulumitest.Run(t, workloadsProgram(workloadsArgs()))
	files, ok := rec.Get(t, workloadsConfigMap, "shop-frontend-site").Input("data").(map[string]any)
	require.True(t, ok)
	return files, workloadsEnv(t, rec, "frontend")["SITE_VERSION"].(string)
}

func TestWorkloadsPageHasEveryFileItNames(t *testing.T) {
	files, version := workloadsSite(t)
	page := files["index.html"].(string)
	assert.Regexp(t, `^[0-9a-f]{12}$`, version)
	assert.NotContains(t, page, "SITE_VERSION")
	named := regexp.MustCompile(`"assets/([0-9a-f]+)/([^"]+)"`).FindAllStringSubmatch(page, -1)
	require.Greater(t, len(named), 8)
	for _, asset := range named {
		assert.Equal(t, version, asset[1], "an asset that browsers keep for ever is named by its version")
		assert.Contains(t, files, asset[2])
	}
	for name, content := range files {
		for _, imported := range regexp.MustCompile(`from "\./([^"]+)"`).FindAllStringSubmatch(content.(string), -1) {
			assert.Contains(t, files, imported[1], name)
		}
		if name != "index.html" {
			assert.Regexp(t, `^[a-z-]+\.(css|js|svg)$`, name, "nginx serves no other assets")
		}
	}
}

// The policy allows scripts and styles in files of their own only, and no place but this server.
func TestWorkloadsPageNeedsNoWeakerPolicy(t *testing.T) {
	files, _ := workloadsSite(t)
	page := files["index.html"].(string)
	for _, forbidden := range []string{`<style`, `style="`, `<script>`, ` onclick=`, `http:`, `https:`, `javascript:`} {
		assert.NotContains(t, page, forbidden)
	}
	assert.NotContains(t, files["style.css"], "url(")
}

func TestWorkloadsPageIsReadableWithoutJavaScript(t *testing.T) {
	files, _ := workloadsSite(t)
	page := files["index.html"].(string)
	assert.Equal(t, 6, strings.Count(page, `<li class="card"`))
	for _, text := range []string{"Stoneware mug", "Holds 350 ml and the warmth of your hands.", `<data value="18.00">€18.00</data>`, "<noscript>"} {
		assert.Contains(t, page, text)
	}
}

func TestWorkloadsNginxBackendAnswersWithTheProducts(t *testing.T) {
	rec := pulumitest.Run(t, workloadsProgram(workloadsArgs()))
	template := rec.Get(t, workloadsConfigMap, "shop-backend-nginx").Input(`data["default.conf.template"]`).(string)
	line := regexp.MustCompile(`location = /api/products \{\n +return 200 '(.*)\\n';`).FindStringSubmatch(template)
	require.NotNil(t, line)
	assert.NotContains(t, line[1], "'", "it would end the string")
	assert.NotContains(t, line[1], `\`, "nginx would take it for its own")
	assert.Less(t, len(line[1]), 4000, "nginx reads no longer word")
	assert.Empty(t, regexp.MustCompile(`\$(?:[^{t]|t[^i])`).FindString(line[1]), "nginx would look for a variable")

	var answer struct {
		Source   string
		Products []map[string]any
	}
	require.NoError(t, json.Unmarshal([]byte(line[1]), &answer))
	assert.Equal(t, "constant", answer.Source)
	files, _ := workloadsSite(t)
	require.Len(t, answer.Products, 6)
	for _, product := range answer.Products {
		assert.NotContains(t, product, "stock", "nobody counts it")
		assert.Contains(t, files, product["picture"].(string)+".svg")
		assert.Contains(t, files["index.html"], product["name"])
	}
}
