package toolchain

import (
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// How long what nobody asked for again is kept: another checkout may want it, and other processes may still run it.
const (
	// StaleBuild is of what is made anew in seconds.
	StaleBuild = 24 * time.Hour
	// stalePin is of what takes minutes.
	stalePin = 14 * 24 * time.Hour
)

// Asked notes that something of the cache, whose name ends with its key, is wanted now, and removes what has the same name with another
// key and was not wanted for longer than stale, unless it is one of those that are in use.
func Asked(path string, stale time.Duration, inUse ...string) error {
	now := time.Now()
	if err := os.Chtimes(path, now, now); err != nil {
		return err
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return err
	}
	used := map[string]bool{filepath.Base(path): true}
	for _, name := range inUse {
		used[name] = true
	}
	var failed error
	for _, entry := range entries {
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // another process was first
		}
		if err != nil || used[entry.Name()] || !sameName(entry.Name(), filepath.Base(path)) || now.Sub(info.ModTime()) < stale {
			failed = errors.Join(failed, err)
			continue
		}
		failed = errors.Join(failed, os.RemoveAll(filepath.Join(filepath.Dir(path), entry.Name())))
	}
	return failed
}

// sameName reports whether two names differ in their keys only.
func sameName(a, b string) bool {
	keyed := func(name string) (string, bool) {
		end := len(name) - keyLength
		if end < 0 {
			return "", false
		}
		_, err := hex.DecodeString(name[end:])
		return name[:end], err == nil
	}
	before, ok := keyed(a)
	other, too := keyed(b)
	return ok && too && before == other
}
