package calibrate

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"sync"
)

// store is a file with a line for each thing that is known of a seed, so that a run that ends early goes on where it was.
type store[T any] struct {
	mutex sync.Mutex
	file  *os.File
	known map[uint64][]T
}

// line is one of them.
type line[T any] struct {
	Seed uint64 `json:"seed"`
	Is   T      `json:"is"`
}

// openStore reads what the file holds. Without a path nothing is kept.
func openStore[T any](path string) (*store[T], error) {
	s := &store[T]{known: map[uint64][]T{}}
	if path == "" {
		return s, nil
	}
	if err := s.read(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var err error
	if s.file, err = os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644); err != nil {
		return nil, err
	}
	_, err = s.file.WriteString("\n") // what was written in part stands alone
	return s, err
}

// read takes every line that is whole.
func (s *store[T]) read(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		var l line[T]
		if json.Unmarshal(lines.Bytes(), &l) == nil {
			s.known[l.Seed] = append(s.known[l.Seed], l.Is)
		}
	}
	return lines.Err()
}

// of is what is known of a seed, in the order in which it came.
func (s *store[T]) of(seed uint64) []T {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Clone(s.known[seed])
}

func (s *store[T]) add(seed uint64, is T) error {
	body, err := json.Marshal(line[T]{seed, is})
	if err != nil {
		return err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.known[seed] = append(s.known[seed], is)
	if s.file == nil {
		return nil
	}
	_, err = s.file.Write(append(body, '\n'))
	return err
}

func (s *store[T]) close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}
