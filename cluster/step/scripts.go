package step

import (
	"archive/tar"
	"bytes"
	"encoding/base64"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// scripts are all that a cluster has.
type scripts struct{ fs.FS }

// sourcing is the line by which a script takes in another one.
var sourcing = regexp.MustCompile(`(?m)^source "\$\{BASH_SOURCE\[0\]%/\*\}/([a-z.-]+)"$`)

// files names all that a script runs: the scripts it sources, then itself.
func (s scripts) files(name string) ([]string, error) {
	own, err := fs.ReadFile(s, name)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, match := range sourcing.FindAllSubmatch(own, -1) {
		sourced, err := s.files(string(match[1]))
		if err != nil {
			return nil, err
		}
		names = append(names, sourced...)
	}
	return append(names, name), nil
}

// code returns all the code that a script runs.
func (s scripts) code(name string) ([]pulumi.StringInput, error) {
	names, err := s.files(name)
	if err != nil {
		return nil, err
	}
	code := make([]pulumi.StringInput, len(names))
	for i, name := range names {
		content, err := fs.ReadFile(s, name)
		if err != nil {
			return nil, err
		}
		code[i] = pulumi.String(content)
	}
	return code, nil
}

// pack is the archive of one script and of those that it sources.
func (s scripts) pack(name string) (string, error) {
	names, err := s.files(name)
	if err != nil {
		return "", err
	}
	return s.archive(names, nil)
}

// archive packs the scripts and the given files as a tar in base64, the same bytes for the same content.
func (s scripts) archive(names []string, files map[string]string) (string, error) {
	var packed bytes.Buffer
	w := tar.NewWriter(&packed)
	add := func(name string, mode int64, content []byte) error {
		header := &tar.Header{Name: name, Mode: mode, Size: int64(len(content)), ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
		if err := w.WriteHeader(header); err != nil {
			return fmt.Errorf("pack %s: %w", name, err)
		}
		if _, err := w.Write(content); err != nil {
			return fmt.Errorf("pack %s: %w", name, err)
		}
		return nil
	}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		content, err := fs.ReadFile(s, name)
		if err != nil {
			return "", fmt.Errorf("pack: %w", err)
		}
		if err := add("bin/"+name, 0o755, content); err != nil {
			return "", err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := add("etc/"+name, 0o600, []byte(files[name])); err != nil {
			return "", err
		}
	}
	if err := w.Close(); err != nil {
		return "", fmt.Errorf("pack: %w", err)
	}
	return base64.StdEncoding.EncodeToString(packed.Bytes()), nil
}
