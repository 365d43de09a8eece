package shopimage

import (
	"archive/tar"
	"errors"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"ecommerce-platform/tests/lab/toolchain"
)

// Archive writes the image as an OCI archive, which podman, skopeo and ctr read, and its SBOM beside it.
func (i Image) Archive(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := toolchain.Copy(i.SBOM, filepath.Join(filepath.Dir(path), filepath.Base(i.SBOM))); err != nil {
		return err
	}
	file, err := renameio.NewPendingFile(path, renameio.WithPermissions(0o644), renameio.WithTempDir(filepath.Dir(path)))
	if err != nil {
		return err
	}
	defer func() { _ = file.Cleanup() }()
	archive := tar.NewWriter(file)
	err = archive.AddFS(os.DirFS(i.Layout))
	if err = errors.Join(err, archive.Close()); err != nil {
		return err
	}
	return file.CloseAtomicallyReplace()
}
