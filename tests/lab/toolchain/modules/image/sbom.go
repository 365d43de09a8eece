package main

import (
	"archive/tar"
	"bytes"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/ko/pkg/build"
	"github.com/sigstore/cosign/v2/pkg/oci"
	ocimutate "github.com/sigstore/cosign/v2/pkg/oci/mutate"
	"github.com/sigstore/cosign/v2/pkg/oci/static"
	spdxjson "github.com/spdx/tools-golang/json"
	"github.com/spdx/tools-golang/spdx/v2/common"
	spdx "github.com/spdx/tools-golang/spdx/v2/v2_3"
)

// mediaType is that of SPDX in JSON, as cosign attaches it.
const mediaType = "text/spdx+json"

// describe attaches the SBOM to the image, and writes it to a directory if one is named. ko's own names no modules with Go 1.24
// and later, whose `go version -m` it cannot read.
func describe(result build.Result, dir string) (build.Result, error) {
	index, ok := result.(oci.SignedImageIndex)
	if !ok {
		return nil, fmt.Errorf("%T: not an index of images", result)
	}
	document, err := document(index)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if err := spdxjson.Write(document, &text, spdxjson.Indent("  ")); err != nil {
		return nil, err
	}
	if dir != "" {
		if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, "shop.spdx.json"), text.Bytes(), 0o644)); err != nil {
			return nil, err
		}
	}
	file, err := static.NewFile(text.Bytes(), static.WithLayerMediaType(mediaType))
	if err != nil {
		return nil, err
	}
	return ocimutate.AttachFileToImageIndex(index, "sbom", file)
}

// document says which modules, at which versions, the programs of the image were built from.
func document(index v1.ImageIndex) (*spdx.Document, error) {
	digest, err := index.Digest()
	if err != nil {
		return nil, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	image := &spdx.Package{
		PackageName: "shop@" + digest.String(), PackageSPDXIdentifier: "Image", PackageVersion: digest.String(),
		PrimaryPackagePurpose: "CONTAINER", PackageDownloadLocation: "NOASSERTION", PackageChecksums: []common.Checksum{
			{Algorithm: common.SHA256, Value: digest.Hex},
		},
	}
	all := &spdx.Document{
		SPDXVersion: spdx.Version, DataLicense: spdx.DataLicense, SPDXIdentifier: "DOCUMENT", DocumentName: image.PackageName,
		DocumentNamespace: "https://spdx.org/spdxdocs/shop-" + digest.Hex,
		CreationInfo:      &spdx.CreationInfo{Creators: []common.Creator{{CreatorType: "Tool", Creator: "make image"}}, Created: "1970-01-01T00:00:00Z"},
		Packages:          []*spdx.Package{image},
		Relationships:     []*spdx.Relationship{relation("DOCUMENT", "DESCRIBES", "Image")},
	}
	seen := map[string]bool{}
	for _, descriptor := range manifest.Manifests {
		found, err := modules(index, descriptor)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", descriptor.Platform, err)
		}
		for _, m := range found {
			if id := identifier(m); !seen[id] {
				seen[id] = true
				all.Packages = append(all.Packages, pkg(id, m))
				all.Relationships = append(all.Relationships, relation("Image", "CONTAINS", id))
			}
		}
	}
	return all, nil
}

func relation(from, kind, to string) *spdx.Relationship {
	return &spdx.Relationship{
		RefA: common.MakeDocElementID("", from), Relationship: kind, RefB: common.MakeDocElementID("", to),
	}
}

func identifier(m *debug.Module) string {
	return "Module-" + strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '-'
	}, m.Path+"-"+m.Version)
}

func pkg(id string, m *debug.Module) *spdx.Package {
	return &spdx.Package{
		PackageName: m.Path, PackageVersion: m.Version, PackageSPDXIdentifier: common.ElementID(id), PackageDownloadLocation: "NOASSERTION",
		PackageExternalReferences: []*spdx.PackageExternalReference{{
			Category: "PACKAGE-MANAGER", RefType: "purl", Locator: "pkg:golang/" + m.Path + "@" + m.Version,
		}},
	}
}

// modules are those of the program in one image, the standard library among them.
func modules(index v1.ImageIndex, descriptor v1.Descriptor) ([]*debug.Module, error) {
	image, err := index.Image(descriptor.Digest)
	if err != nil {
		return nil, err
	}
	content := mutate.Extract(image)
	defer func() { _ = content.Close() }()
	for archive := tar.NewReader(content); ; {
		header, err := archive.Next()
		if err != nil {
			return nil, fmt.Errorf("no Go program: %w", err)
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		program, err := io.ReadAll(archive)
		if err != nil {
			return nil, err
		}
		info, err := buildinfo.Read(bytes.NewReader(program))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", header.Name, err)
		}
		main := info.Main
		main.Version = strings.Trim(main.Version, "()")
		found := []*debug.Module{&main, {Path: "std", Version: strings.TrimPrefix(info.GoVersion, "go")}}
		for _, m := range info.Deps {
			if m.Replace != nil {
				m = m.Replace
			}
			found = append(found, m)
		}
		slices.SortFunc(found, func(a, b *debug.Module) int { return strings.Compare(a.Path, b.Path) })
		return found, nil
	}
}
