package shopimage

import (
	"archive/tar"
	"errors"
	"os"
	"path/filepath"

	"ecommerce-platform/tests/lab/toolchain"
)

// Archive writes the image as an OCI archive, which podman, skopeo and ctr read, and its SBOMs beside it.
func (i Image) Archive(path string) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	sboms, err := os.ReadDir(i.SBOMs)
	if err != nil {
		return err
	}
	for _, sbom := range sboms {
		if err := toolchain.Copy(filepath.Join(i.SBOMs, sbom.Name()), filepath.Join(filepath.Dir(path), sbom.Name())); err != nil {
			return err
		}
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
