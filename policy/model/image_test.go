package model_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model"
)

func TestImageReferences(t *testing.T) {
	const sum = "sha256:65645c7bb6a0661892a8b03b89d0743208a18dd2f3f17a54ef4b76fb8e2f2a10"
	for text, want := range map[string][3]string{
		"nginx":                           {"nginx", "", ""},
		"nginx:alpine":                    {"nginx", "alpine", ""},
		"registry.example:5000/nginx":     {"nginx", "", ""},
		"registry.example:5000/nginx:1.2": {"nginx", "1.2", ""},
		"nginx@" + sum:                    {"nginx", "", sum},
		"quay.io/a/b:v1@" + sum:           {"b", "v1", sum},
	} {
		name, tag, digest, err := model.ImageParts(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, [3]string{name, tag, digest}, text)
	}
	for _, text := range []string{"", "Nginx", "nginx:", "nginx@sha256:abc", "a b", "http://nginx"} {
		_, _, _, err := model.ImageParts(text)
		assert.Error(t, err, text)
	}
}
