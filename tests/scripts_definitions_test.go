package tests

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// scriptsManifest holds what the operator's does: types, of which one speaks of lines, and objects of other kinds.
const scriptsManifest = `kind: Namespace
metadata:
  name: cnpg-system
---
kind: CustomResourceDefinition
metadata:
  name: backups.postgresql.cnpg.io
spec:
  description: |
    a line that ends with ---
    kind: Namespace
---
kind: Deployment
metadata:
  name: cnpg-controller-manager
spec:
  text: |
    kind: CustomResourceDefinition
---
kind: CustomResourceDefinition
metadata:
  name: clusters.postgresql.cnpg.io
`

// scriptsDefinitions are the documents of it that the cluster gets.
const scriptsDefinitions = `---
kind: CustomResourceDefinition
metadata:
  name: backups.postgresql.cnpg.io
spec:
  description: |
    a line that ends with ---
    kind: Namespace
---
kind: CustomResourceDefinition
metadata:
  name: clusters.postgresql.cnpg.io
`

// newScriptsDefinitions is a control plane whose cluster has definitions of the versions in HAS, one a line.
func newScriptsDefinitions(t *testing.T) *scriptsHost {
	t.Helper()
	sum := sha256.Sum256([]byte(scriptsManifest))
	h := newScriptsHost(t, map[string]string{
		"VERSION": "1.30.90", "MANIFEST_URL": "http://mirror/cnpg.yaml", "MANIFEST_SHA256": hex.EncodeToString(sum[:]), "PUBLISHED": scriptsManifest,
		"HAS": "",
	})
	h.stub("curl", `while (($# > 1)); do [[ $1 == --output ]] && printf %s "$PUBLISHED" >"$2"; shift; done`)
	h.stub("kubectl", `case "$*" in
"annotate --local "*) printf '# %s\n' "$5"; cat "$4" ;;
*" get --filename "*) [[ $HAS != refused ]] || { echo "connection refused" >&2; exit 1; }; printf '%s' "$HAS" ;;
*" apply "*) cp "${@: -1}" "$PLATFORM_ROOT/applied" ;;
esac`)
	return h
}

func TestScriptsDefinitions(t *testing.T) {
	h := newScriptsDefinitions(t)
	first := h.works("definitions.sh", "")
	inOrder(t, first.calls, "apply --server-side --force-conflicts --field-manager platform", "wait --for condition=Established")
	assert.Equal(t, "# ecommerce-platform/version=1.30.90\n"+scriptsDefinitions, h.read("applied"), "types alone, each with its version")

	h.env["HAS"] = "1.30.90\n1.30.90\n"
	second := h.works("definitions.sh", "")
	assert.NotContains(t, second.calls, "curl", "a checked manifest is kept")
	assert.Contains(t, second.calls, "apply --server-side", "what somebody changed of them comes back")

	t.Run("a new version takes the place of the manifest", func(t *testing.T) {
		manifest := strings.Replace(scriptsManifest, "clusters.", "poolers.", 1)
		sum := sha256.Sum256([]byte(manifest))
		h.env["VERSION"], h.env["PUBLISHED"], h.env["MANIFEST_SHA256"] = "1.31.0", manifest, hex.EncodeToString(sum[:])
		h.works("definitions.sh", "")
		assert.Contains(t, h.read("applied"), "# ecommerce-platform/version=1.31.0")
		assert.Contains(t, h.read("applied"), "name: poolers.postgresql.cnpg.io")
	})
}

func TestScriptsDefinitionsGoForward(t *testing.T) {
	for name, c := range map[string]struct{ has, refused string }{
		"a new cluster":         {"", ""},
		"those of somebody":     {"\n\n", ""},
		"the same":              {"1.30.90\n", ""},
		"the minor before":      {"1.29.91\n1.29.91\n", ""},
		"half of an update":     {"1.30.90\n1.29.91\n\n", ""},
		"half of a newer one":   {"1.30.91\n1.30.90\n\n", `cloudNativePGVersion "1.30.90": cannot go back, the cluster runs 1.30.91`},
		"a minor of more parts": {"1.100.0\n", `cloudNativePGVersion "1.30.90": cannot go back, the cluster runs 1.100.0`},
		"nothing is answered":   {"refused", "the API server does not tell which resource types it has: connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newScriptsDefinitions(t)
			h.env["HAS"] = c.has
			if c.refused == "" {
				assert.Contains(t, h.works("definitions.sh", "").calls, "apply --server-side")
				return
			}
			assert.NotContains(t, h.fails("definitions.sh", "", c.refused, "").calls, " apply ")
		})
	}
}

func TestScriptsDefinitionsFail(t *testing.T) {
	t.Run("another manifest", func(t *testing.T) {
		h := newScriptsDefinitions(t)
		h.env["MANIFEST_SHA256"] = strings.Repeat("0", 64)
		run := h.fails("definitions.sh", "", "the checksum of http://mirror/cnpg.yaml is not 0000", "cloudNativePGVersion and cloudNativePGManifestSha256 must go together")
		assert.NotContains(t, run.calls, "kubectl")
	})
	t.Run("no manifest", func(t *testing.T) {
		h := newScriptsDefinitions(t)
		h.stub("curl", `echo "The requested URL returned error: 404"; exit 22`)
		h.fails("definitions.sh", "", "the manifest of CloudNativePG cannot be fetched: The requested URL returned error: 404", "let the control plane reach")
	})
	t.Run("a manifest without types", func(t *testing.T) {
		h := newScriptsDefinitions(t)
		h.env["PUBLISHED"] = "kind: Namespace\n"
		sum := sha256.Sum256([]byte(h.env["PUBLISHED"]))
		h.env["MANIFEST_SHA256"] = hex.EncodeToString(sum[:])
		assert.NotContains(t, h.fails("definitions.sh", "", "the manifest of CloudNativePG defines no resource types", "use the version in the defaults").calls, "kubectl")
	})
	t.Run("types that cannot be read", func(t *testing.T) {
		h := newScriptsDefinitions(t)
		h.stub("kubectl", `[[ $1 != annotate ]] || { echo "error parsing" >&2; exit 1; }`)
		run := h.fails("definitions.sh", "", "the resource types of CloudNativePG cannot be read", "use the version in the defaults")
		assert.Contains(t, run.stderr, "error parsing")
		assert.NotContains(t, run.calls, " apply ")
	})
	t.Run("types that the API server does not take", func(t *testing.T) {
		h := newScriptsDefinitions(t)
		h.stubBefore("kubectl", `[[ $* != *" apply "* ]] || { echo "conflict" >&2; exit 1; }`)
		run := h.fails("definitions.sh", "", "the manifest of CloudNativePG cannot be applied", "read what the API server says")
		assert.Contains(t, run.stderr, "conflict")
	})
	t.Run("types that are not served", func(t *testing.T) {
		h := newScriptsDefinitions(t)
		h.stubBefore("kubectl", `[[ $* != *" wait "* ]] || { echo "timed out waiting" >&2; exit 1; }`)
		run := h.fails("definitions.sh", "", "the resource types of CloudNativePG are not served", "look at the API server's log")
		assert.Contains(t, run.stderr, "timed out waiting")
		require.NotContains(t, run.stderr, "are there")
	})
}
