package rules

import (
	"path"

	"github.com/distribution/reference"
)

// imageParts reads an image reference as container runtimes do: its name without registry and directories, its tag and its digest; the
// latter two may be empty.
func imageParts(text string) (name, tag, digest string, err error) {
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

// imageName is the last part of an image's repository.
func imageName(text string) string {
	name, _, _, _ := imageParts(text)
	return name
}
