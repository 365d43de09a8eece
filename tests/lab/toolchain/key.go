package toolchain

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// keyLength is the number of hexadecimal digits of a key: enough to tell apart all builds of one name.
const keyLength = 12

// Key is a short digest of strings; no two different lists share their text.
func Key(parts ...string) string {
	sum := sha256.New()
	for _, part := range parts {
		_, _ = fmt.Fprintf(sum, "%d:%s\n", len(part), part)
	}
	return hex.EncodeToString(sum.Sum(nil))[:keyLength]
}

// TreeKey is a digest of names, permission bits and contents of all files below a directory; of a link, where it leads.
func TreeKey(dir string) (string, error) {
	var parts []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		digest, err := fileKey(path)
		if info.Mode()&fs.ModeSymlink != 0 {
			digest, err = os.Readlink(path)
		}
		if err != nil {
			return err
		}
		parts = append(parts, relative, fmt.Sprint(info.Mode().Perm()&0o111 != 0), digest)
		return nil
	})
	if err != nil {
		return "", err
	}
	return Key(parts...), nil
}

func fileKey(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// key names one build of a pin by everything that decides what comes out of it.
func (p Pin) key(ctx context.Context, source string) (string, error) {
	tree, err := TreeKey(source)
	if err != nil {
		return "", err
	}
	if p.Main != "" {
		main, err := TreeKey(filepath.Join(filepath.Dir(source), p.Main))
		if err != nil {
			return "", err
		}
		tree = Key(tree, main)
	}
	compiler, err := goVersion(ctx, source)
	if err != nil {
		return "", err
	}
	return p.keyOf(tree, compiler), nil
}

var compilers sync.Map

// goVersion is the version of the go command that a module is built with, and for what.
func goVersion(ctx context.Context, module string) (string, error) {
	if known, ok := compilers.Load(module); ok {
		return known.(string), nil
	}
	out, err := Command{Env: environment, Args: []string{"go", "env", "GOVERSION", "GOOS", "GOARCH"}, Dir: module}.Output(ctx)
	if err != nil {
		return "", err
	}
	compilers.Store(module, strings.TrimSpace(out))
	return strings.TrimSpace(out), nil
}

func (p Pin) keyOf(tree, platform string) string {
	parts := append([]string{tree, platform, p.ldflags()}, flags...)
	for _, b := range p.Binaries {
		parts = append(parts, b.Name, b.Package)
	}
	for _, f := range p.Files {
		parts = append(parts, f.Module, f.Path, f.Name)
	}
	return Key(parts...)
}
