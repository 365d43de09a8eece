package rules

import (
	"strings"
	"testing"

	"ecommerce-platform/policy/model"
)

// FuzzImageParts reads any text: what is a reference has a name, and its tag and digest are parts of it.
func FuzzImageParts(f *testing.F) {
	for _, text := range []string{
		"nginx", "nginx:alpine", "registry.example:5000/shop/nginx:1@sha256:65645c7bb6a0661892a8b03b89d0743208a18dd2f3f17a54ef4b76fb8e2f2a10", "@", ":", "a/b:c/d", "nginx@sha256:abc",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		name, tag, digest, err := model.ImageParts(text)
		if err == nil && (name == "" || !strings.Contains(text, tag) || !strings.HasSuffix(text, digest) || strings.ContainsAny(tag, "/:@")) {
			t.Errorf("%q has the name %q, the tag %q and the digest %q", text, name, tag, digest)
		}
	})
}

// FuzzSecretIn only wants an answer: a variable's value is anything.
func FuzzSecretIn(f *testing.F) {
	for _, text := range []string{"postgres://u:p@db.data.svc.cluster.local/x", "://", "a=b;password=c"} {
		f.Add("BACKEND_URL", text)
	}
	f.Fuzz(func(_ *testing.T, name, text string) {
		_ = secretIn(text)
		_ = holdsSecret(name, text)
	})
}
