// Package digest names content, so that objects whose name ends in one never change: other content is another object.
package digest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"maps"
	"slices"
)

// Of is a short name for content: equal content, equal digest.
func Of(content map[string]string) string { return sum(sha256.New(), content) }

// Keyed is a short name for content that nobody can compute without the key.
func Keyed(key string, content map[string]string) string {
	return sum(hmac.New(sha256.New, []byte(key)), content)
}

func sum(sum hash.Hash, content map[string]string) string {
	for _, name := range slices.Sorted(maps.Keys(content)) {
		_, _ = io.WriteString(sum, name+"\x00"+content[name]+"\x00")
	}
	return hex.EncodeToString(sum.Sum(nil))[:12]
}
