package machines

import (
	"fmt"
	"os"
	"regexp"
	"strconv"

	"github.com/moby/moby/api/types/container"
)

// Size is what a machine has to compute with.
type Size struct{ CPUs, MemoryMiB int }

var (
	processors  = regexp.MustCompile(`(?m)^processor\s*:`)
	memoryTotal = regexp.MustCompile(`(?m)^MemTotal:\s*(\d+) kB$`)
)

// HostSize is this machine's own, which is also what every kubelet on it sees.
func HostSize() (Size, error) {
	cpus, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return Size{}, err
	}
	memory, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return Size{}, err
	}
	found := memoryTotal.FindSubmatch(memory)
	if found == nil {
		return Size{}, fmt.Errorf("/proc/meminfo: no MemTotal line")
	}
	kibibytes, err := strconv.Atoi(string(found[1]))
	return Size{CPUs: max(1, len(processors.FindAll(cpus, -1))), MemoryMiB: kibibytes / 1024}, err
}

// Beyond is how much larger s is than other, nowhere less than nothing.
func (s Size) Beyond(other Size) Size {
	return Size{max(0, s.CPUs-other.CPUs), max(0, s.MemoryMiB-other.MemoryMiB)}
}

// limits keep a machine to its size, or to this one where it has less. No size is no limit.
func (s Size) limits() (container.Resources, error) {
	if s == (Size{}) {
		return container.Resources{}, nil
	}
	host, err := HostSize()
	if err != nil {
		return container.Resources{}, err
	}
	memory := int64(min(s.MemoryMiB, host.MemoryMiB)) << 20
	return container.Resources{NanoCPUs: int64(min(s.CPUs, host.CPUs)) * 1e9, Memory: memory, MemorySwap: memory}, nil
}
