package rules

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestImageReferences(t *testing.T) {
	for reference, want := range map[string][2]string{
		"nginx":                           {"", ""},
		"nginx:alpine":                    {"alpine", ""},
		"registry.example:5000/nginx":     {"", ""},
		"registry.example:5000/nginx:1.2": {"1.2", ""},
		"nginx@sha256:abc":                {"", "sha256:abc"},
		"quay.io/a/b:v1@sha256:abc":       {"v1", "sha256:abc"},
	} {
		tag, digest := imageParts(reference)
		assert.Equal(t, want, [2]string{tag, digest}, reference)
	}
}
