//go:build lab

package lifecycle

import (
	"context"
	"fmt"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/wait"
)

// holder has dpkg's lock, as unattended-upgrades does when a machine has just booted, until the machine's preparation sleeps
// because of it.
const holder = `
import fcntl, subprocess, time
lock = open("/var/lib/dpkg/lock-frontend", "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
waits = 'pgrep -x sleep -P "$(pgrep -d, -f bin/prepare.sh)"'
while subprocess.call(["sh", "-c", waits], stdout=subprocess.DEVNULL):
    time.sleep(0.05)
`

// holdPackages makes another program hold the packages of a machine from the moment when it is there. The function that it returns
// says, with what `pulumi up` has shown, whether the bring-up has waited.
func holdPackages(t *testing.T, node string) (waited func(shown string)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	held := make(chan error, 1)
	go func() {
		defer cancel()
		var last error
		// The last error says more than that there is no time left.
		_ = wait.PollUntilContextCancel(ctx, 200*time.Millisecond, true, func(ctx context.Context) (bool, error) {
			said, err := exec.CommandContext(ctx, "docker", "exec", shop.Name+"-"+node, "python3", "-c", holder).CombinedOutput()
			if last = err; err != nil {
				last = fmt.Errorf("%w: %s", err, said)
			}
			return err == nil, nil
		})
		held <- last
	}()
	return func(shown string) {
		cancel()
		require.NoError(t, <-held, "the lock was held")
		assert.Contains(t, shown, "prepare: waiting for another program that is at work on packages")
	}
}
