package labtest

import (
	"context"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// Eventually waits until check has no error, and fails the test with the last one at the limit.
func Eventually(t *testing.T, limit time.Duration, check func() error) {
	t.Helper()
	var last error
	// The test's own context has ended where a cleanup waits.
	err := wait.PollUntilContextTimeout(context.WithoutCancel(t.Context()), time.Second, limit, true, func(context.Context) (bool, error) {
		last = check()
		return last == nil, nil
	})
	if err != nil {
		t.Fatalf("not within %s: %v", limit, last)
	}
}
