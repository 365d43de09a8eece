package acceptance_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestFaults previews each faulty variant on an empty stack: the pack names the fault, and nothing else.
func TestFaults(t *testing.T) {
	t.Parallel()
	require.GreaterOrEqual(t, len(faults), 40)
	previewAll(t, faults)
}

// TestCorrect previews variants in which nothing is wrong: the pack raises no alarm.
func TestCorrect(t *testing.T) {
	t.Parallel()
	require.GreaterOrEqual(t, len(correct), 20)
	previewAll(t, correct)
}

func previewAll(t *testing.T, variants []variant) {
	t.Helper()
	all := newBenches(t)
	b := <-all
	usual, _ := previewWithPack(t.Context(), t, b, b.stack(t, "dev", nil, nil))
	all <- b
	for _, a := range usual {
		assert.Equal(t, "advisory", a.level, "the platform as it is: %s", a)
	}
	names := map[string]bool{}
	for _, v := range variants {
		require.False(t, names[v.name], v.name)
		names[v.name] = true
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			b := <-all
			defer func() { all <- b }()
			name := v.stack
			if name == "" {
				name = "dev"
			}
			alarms, _ := previewWithPack(t.Context(), t, b, b.stack(t, name, v.config, v.edits))
			v.check(t, alarms, usual)
		})
	}
}
