package labtest

import (
	"testing"
	"time"
)

// Eventually waits until check has no error, and fails the test with the last one at the limit.
func Eventually(t *testing.T, limit time.Duration, check func() error) {
	t.Helper()
	deadline := time.After(limit)
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("not within %s: %v", limit, err)
		case <-ticker.C:
		}
	}
}
