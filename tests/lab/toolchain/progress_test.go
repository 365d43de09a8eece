package toolchain

import (
	"bytes"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// record collects progress that several goroutines write.
type record struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

func recorded(t *testing.T) *record {
	t.Helper()
	old, r := Progress, &record{}
	Progress = r
	t.Cleanup(func() { Progress = old })
	return r
}

func TestStep(t *testing.T) {
	r := recorded(t)
	Step("baking")(nil)
	Step("frying")(errors.New("no oil"))
	assert.Equal(t, "baking...\nbaking: done in 0s\nfrying...\nfrying: failed after 0s\n", r.String())
}

func TestStepIfSlow(t *testing.T) {
	t.Run("quick work is not mentioned", func(t *testing.T) {
		r := recorded(t)
		stepIfSlow("baking", time.Hour)(nil)
		assert.Empty(t, r.String())
	})
	t.Run("slow work is", func(t *testing.T) {
		r := recorded(t)
		done := stepIfSlow("baking", 0)
		assert.Eventually(t, func() bool { return r.String() == "baking...\n" }, 5*time.Second, time.Millisecond)
		done(nil)
		assert.Equal(t, "baking...\nbaking: done in 0s\n", r.String())
	})
}
