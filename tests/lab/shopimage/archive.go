package shopimage

import (
	"archive/tar"
	"errors"
	"os"
	"path/filepath"

	"ecommerce-platform/tests/lab/toolchain"
)

// Archive writes the image as an OCI archive, which podman, skopeo and ctr read, and its SBOM beside it.
func (i Image) Archive(path string) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := toolchain.Copy(i.SBOM, filepath.Join(filepath.Dir(path), filepath.Base(i.SBOM))); err != nil {
		return err
	}
	unfinished := path + ".new"
	file, err := os.Create(unfinished)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(unfinished) }()
	archive := tar.NewWriter(file)
	err = archive.AddFS(os.DirFS(i.Layout))
	if err = errors.Join(err, archive.Close(), file.Close()); err != nil {
		return err
	}
	return os.Rename(unfinished, path)
}
