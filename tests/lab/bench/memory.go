package bench

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// readEvery is how often memory is read.
const readEvery = 100 * time.Millisecond

// watchMemory reads the memory of every process that this one has started, directly or not, until the returned function is
// called, which returns the most that they had resident together, in bytes.
func watchMemory(ctx context.Context) (peak func() int64) {
	ctx, cancel := context.WithCancel(ctx)
	most := make(chan int64)
	go func() {
		var highest int64
		wait.UntilWithContext(ctx, func(context.Context) { highest = max(highest, resident(os.Getpid())) }, readEvery)
		most <- highest
	}()
	return func() int64 { cancel(); return <-most }
}

// resident sums the memory of the descendants of a process. Those that end meanwhile count for nothing.
func resident(root int) int64 {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0
	}
	children, pages := map[int][]int{}, map[int]int64{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if pid, parent, size, ok := parseStat(string(text)); ok {
			children[parent] = append(children[parent], pid)
			pages[pid] = size
		}
	}
	var sum int64
	for queue := children[root]; len(queue) > 0; queue = queue[1:] {
		sum += pages[queue[0]]
		queue = append(queue, children[queue[0]]...)
	}
	return sum * int64(os.Getpagesize())
}

// parseStat reads a line of /proc/PID/stat, proc_pid_stat(5): the name in parentheses may hold anything.
func parseStat(stat string) (pid, parent int, pages int64, ok bool) {
	open, shut := strings.IndexByte(stat, '('), strings.LastIndexByte(stat, ')')
	if open < 0 || shut < open {
		return 0, 0, 0, false
	}
	pid, err := strconv.Atoi(strings.TrimSpace(stat[:open]))
	fields := strings.Fields(stat[shut+1:])
	const parentField, residentField = 1, 21
	if err != nil || len(fields) <= residentField {
		return 0, 0, 0, false
	}
	if parent, err = strconv.Atoi(fields[parentField]); err != nil {
		return 0, 0, 0, false
	}
	pages, err = strconv.ParseInt(fields[residentField], 10, 64)
	return pid, parent, pages, err == nil
}
