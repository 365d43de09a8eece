//go:build lab

package lifecycle

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// tree lists a process and all that descend from it, the oldest first.
func tree(t *testing.T, root int) []int {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	children := map[int][]int{}
	for _, path := range stats {
		// A process may be gone by now. Its name, in parentheses, may hold anything.
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		require.NoError(t, err)
		parent, err := strconv.Atoi(fields[1])
		require.NoError(t, err)
		children[parent] = append(children[parent], pid)
	}
	all := []int{root}
	for i := 0; i < len(all); i++ {
		all = append(all, children[all[i]]...)
	}
	return all
}

// killTree ends a process and all that descend from it with SIGKILL. They are stopped first, so that none brings up a new
// one, or gets to say goodbye, while the others die.
func killTree(t *testing.T, root int) {
	t.Helper()
	var stopped []int
	for {
		all := tree(t, root)
		fresh := slices.DeleteFunc(slices.Clone(all), func(pid int) bool { return slices.Contains(stopped, pid) })
		if len(fresh) == 0 {
			break
		}
		for _, pid := range fresh {
			signal(t, pid, syscall.SIGSTOP)
		}
		stopped = append(stopped, fresh...)
	}
	for _, pid := range stopped {
		signal(t, pid, syscall.SIGKILL)
	}
}

func signal(t *testing.T, pid int, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, s); err != nil && !errors.Is(err, syscall.ESRCH) {
		require.NoError(t, err)
	}
}

// pulumiUp is the process of the pulumi command that brings this process's lab up; 0 if there is none.
func pulumiUp(t *testing.T) int {
	t.Helper()
	for _, pid := range tree(t, os.Getpid())[1:] {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err != nil {
			continue
		}
		args := strings.Split(string(text), "\x00")
		if filepath.Base(args[0]) == "pulumi" && slices.Contains(args, "up") {
			return pid
		}
	}
	return 0
}
