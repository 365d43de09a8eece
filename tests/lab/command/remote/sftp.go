package remote

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// target is the file system of the machine that is copied to.
type target struct{ *sftp.Client }

func openTarget(client *ssh.Client) (*target, error) {
	files, err := sftp.NewClient(client)
	if err != nil {
		return nil, err
	}
	return &target{files}, nil
}

// stat returns nil for a path that does not exist.
func (t *target) stat(name string) (fs.FileInfo, error) {
	info, err := t.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("failed to stat remote path %s: %w", name, err)
	}
	return info, nil
}

func (t *target) copyText(text, dest string) error {
	info, err := t.stat(dest)
	if err != nil {
		return err
	}
	if info != nil && info.IsDir() {
		return fmt.Errorf("remote path %s is a directory; when using a text asset, remotePath must be a file path", dest)
	}
	return t.write(strings.NewReader(text), dest)
}

// copyPath copies a file or directory. An existing directory is copied into; a source that ends in a slash stands for
// what the directory holds.
func (t *target) copyPath(source, dest string) error {
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	existing, err := t.stat(dest)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		if existing != nil && existing.IsDir() {
			dest = path.Join(dest, filepath.Base(source))
		}
		return t.copyFile(source, dest)
	}
	if err := t.directory(dest, existing); err != nil {
		return err
	}
	if !strings.HasSuffix(source, "/") {
		dest = path.Join(dest, filepath.Base(source))
	}
	return fs.WalkDir(os.DirFS(source), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := path.Join(dest, name)
		if !entry.IsDir() {
			return t.copyFile(filepath.Join(source, name), to)
		}
		existing, err := t.stat(to)
		if err != nil {
			return err
		}
		return t.directory(to, existing)
	})
}

func (t *target) directory(name string, existing fs.FileInfo) error {
	if existing == nil {
		if err := t.Mkdir(name); err != nil {
			return fmt.Errorf("failed to create remote directory %s: %w", name, err)
		}
	} else if !existing.IsDir() {
		return fmt.Errorf("remote path %s exists but is not a directory", name)
	}
	return nil
}

func (t *target) copyFile(source, dest string) error {
	file, err := os.Open(source)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	return t.write(file, dest)
}

func (t *target) write(content io.Reader, dest string) error {
	file, err := t.Create(dest)
	if err != nil {
		return fmt.Errorf("failed to create remote file %s: %w", dest, err)
	}
	if _, err := file.ReadFrom(content); err != nil {
		_ = file.Close()
		return fmt.Errorf("failed to write remote file %s: %w", dest, err)
	}
	return file.Close()
}
