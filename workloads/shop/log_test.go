package main

import (
	"bytes"
	"sync"
)

// locked is a log that tests read while handlers write.
type locked struct {
	mutex sync.Mutex
	w     *bytes.Buffer
}

func (l *locked) Write(text []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.w.Write(text)
}

func (l *locked) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.w.String()
}
