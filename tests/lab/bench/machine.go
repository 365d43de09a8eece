package bench

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
)

var (
	model  = regexp.MustCompile(`(?m)^model name\s*:\s*(.+)$`)
	memory = regexp.MustCompile(`(?m)^MemTotal:\s*(\d+) kB$`)
)

// thisMachine describes it as far as the figures depend on it.
func thisMachine() string {
	parts := []string{fmt.Sprintf("%d CPUs", runtime.NumCPU())}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if found := model.FindSubmatch(text); found != nil {
			parts[0] += " (" + strings.TrimSpace(string(found[1])) + ")"
		}
	}
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		if found := memory.FindSubmatch(text); found != nil {
			if size, err := strconv.ParseFloat(string(found[1]), 64); err == nil {
				parts = append(parts, fmt.Sprintf("%.0f GiB", size/(1<<20)))
			}
		}
	}
	return strings.Join(append(parts, runtime.GOOS+"/"+runtime.GOARCH), ", ")
}
