package model

import (
	"path"

	"github.com/distribution/reference"
)

// ImageParts reads an image reference as container runtimes do: its name without registry and directories, its tag and its digest; the
// latter two may be empty.
func ImageParts(text string) (name, tag, digest string, err error) {
	named, err := reference.ParseNormalizedNamed(text)
	if err != nil {
		return "", "", "", err
	}
	if tagged, ok := named.(reference.Tagged); ok {
		tag = tagged.Tag()
	}
	if digested, ok := named.(reference.Digested); ok {
		digest = digested.Digest().String()
	}
	return path.Base(reference.Path(named)), tag, digest, nil
}

// ImageName is the last part of an image's repository.
func ImageName(text string) string {
	name, _, _, _ := ImageParts(text)
	return name
}
