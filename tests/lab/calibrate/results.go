package calibrate

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"sync"
)

// results is a file with a line for each scenario that was tried, so that a run that ends early goes on where it was.
type results struct {
	mutex sync.Mutex
	file  *os.File
	known map[uint64]Result
}

func openResults(path string) (*results, error) {
	r := &results{known: map[uint64]Result{}}
	if err := r.read(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var err error
	if r.file, err = os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644); err != nil {
		return nil, err
	}
	_, err = r.file.WriteString("\n") // what was written in part stands alone
	return r, err
}

// read takes every line that is whole.
func (r *results) read(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var result Result
		if json.Unmarshal(lines.Bytes(), &result) == nil {
			r.known[result.Seed] = result
		}
	}
	return lines.Err()
}

func (r *results) add(result Result) error {
	line, err := json.Marshal(result)
	if err != nil {
		return err
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.known[result.Seed] = result
	_, err = r.file.Write(append(line, '\n'))
	return err
}
