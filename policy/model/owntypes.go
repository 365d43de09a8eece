package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// InstanceTypesFile is the environment variable that names a file with instance types that this package does not know, or that are
// other machines where the stack runs: a JSON object of names and sizes.
const InstanceTypesFile = "PLATFORM_INSTANCE_TYPES"

// Size is what a kubelet reports of a machine: status.capacity of its Node.
type Size struct {
	VCPU      int64 `json:"vCPU"`
	MemoryMiB int64 `json:"memoryMiB"`
}

// ReadInstanceTypes returns the types of the file that InstanceTypesFile names, none where it names none. The file is read once.
var ReadInstanceTypes = sync.OnceValues(func() (map[string]Size, error) {
	path := os.Getenv(InstanceTypesFile)
	if path == "" {
		return nil, nil
	}
	types, err := readSizes(path)
	if err != nil {
		return nil, fmt.Errorf("%s %q: %w", InstanceTypesFile, path, err)
	}
	return types, nil
})

func readSizes(path string) (map[string]Size, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return parseSizes(file)
}

func parseSizes(text io.Reader) (map[string]Size, error) {
	types := map[string]Size{}
	decoder := json.NewDecoder(text)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&types); err != nil {
		return nil, err
	}
	for _, size := range types {
		if size.VCPU < 1 || size.MemoryMiB < 1 {
			return nil, errors.New("every type has a vCPU and a memoryMiB of at least 1")
		}
	}
	return types, nil
}
