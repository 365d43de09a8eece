//go:build lab && lifecycle

package lifecycle

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"ecommerce-platform/tests/lab/toolchain"
)

// keyChange is what another value of a key of the configuration does to a platform that runs. One of refused, seen and
// elsewhere is set.
type keyChange struct {
	// value is the other value; an object is laid over what the lab sets.
	value any
	// refused is how a preview and an update answer.
	refused string
	// seen looks at the effect: with the other value, and once it is set back.
	seen func(t *testing.T, changed bool)
	// elsewhere names what shows the effect instead, or says why nothing here can.
	elsewhere string
}

// testEveryKey changes each key of Pulumi.yaml on the running platform and looks at the effect, not at the exit code: those that
// take effect in one update, and back in another, those that are refused one by one.
func testEveryKey(t *testing.T) {
	requireWhole(t)
	changes := keyChanges(t)
	assert.ElementsMatch(t, declaredKeys(t), slices.Collect(maps.Keys(changes)), "every key is here, and no other")

	for _, key := range slices.Sorted(maps.Keys(changes)) {
		if want := changes[key].refused; want != "" {
			t.Run(key+" is refused", func(t *testing.T) {
				require.NoError(t, shop.Set(t.Context(), map[string]any{key: changes[key].value}))
				result, err := shop.Stack.Preview(t.Context())
				require.ErrorContains(t, err, want)
				assert.Empty(t, ofMachinesAndCluster(result.Describe()), "nothing is even planned")
				result, err = shop.Stack.Up(t.Context())
				require.ErrorContains(t, err, want)
				assert.Empty(t, ofMachinesAndCluster(result.Describe()), "nothing has changed")
			})
		}
	}

	together := map[string]any{}
	settings, err := shop.Settings(t.Context())
	require.NoError(t, err)
	for key, change := range changes {
		if change.seen != nil {
			together[key] = over(settings[key], change.value)
		}
	}
	for _, changed := range []bool{true, false} {
		what := "set back"
		values := map[string]any(nil)
		if changed {
			what, values = "changed", together
		}
		require.NoError(t, shop.Set(t.Context(), values))
		result, err := shop.Stack.Up(t.Context())
		require.NoError(t, err)
		assert.NotEmpty(t, result.Changed())
		require.NoError(t, shop.Connect(t.Context()))
		for _, key := range slices.Sorted(maps.Keys(together)) {
			t.Run(key+" "+what, func(t *testing.T) { changes[key].seen(t, changed) })
		}
		again, err := shop.Stack.Up(t.Context())
		require.NoError(t, err)
		assert.Empty(t, again.Describe(), "an update that repeats it changes nothing")
	}
	requireWhole(t)
}

// ofMachinesAndCluster leaves out what the engine keeps to itself: what it was given last for the keys that it remembers.
func ofMachinesAndCluster(steps []string) []string {
	return slices.DeleteFunc(steps, func(step string) bool { return step == "update pulumi:index:Stash immutable input" })
}

// over lays an object over another one.
func over(base, value any) any {
	under, _ := base.(map[string]any)
	object, ok := value.(map[string]any)
	if !ok || under == nil {
		return value
	}
	merged := maps.Clone(under)
	maps.Copy(merged, object)
	return merged
}

func declaredKeys(t *testing.T) []string {
	t.Helper()
	program, err := toolchain.Source("..", "..")
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(program, "Pulumi.yaml"))
	require.NoError(t, err)
	var file struct {
		Config map[string]any `json:"config"`
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	return slices.Collect(maps.Keys(file.Config))
}
