package rules

import "strings"

// imageParts splits an image reference into its tag and its digest; either may be empty.
func imageParts(reference string) (tag, digest string) {
	name, digest, _ := strings.Cut(reference, "@")
	// A colon before the last slash is a registry's port.
	if colon := strings.LastIndex(name, ":"); colon > strings.LastIndex(name, "/") {
		tag = name[colon+1:]
	}
	return tag, digest
}
