package twin

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// checkTags applies EC2's tag restrictions:
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
func checkTags(path string, in Values) []Failure {
	var failures []Failure
	all := in.Object(path)
	if len(all) > 50 {
		failures = append(failures, fail(path, "TagLimitExceeded: The maximum number of tags for a resource is 50, got %d", len(all))...)
	}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if n := utf8.RuneCountInString(key); n < 1 || n > 128 {
			failures = append(failures, fail(path, "InvalidParameterValue: Tag key exceeds the maximum length of 128 characters")...)
		}
		if strings.HasPrefix(strings.ToLower(key), "aws:") {
			failures = append(failures, fail(path, "InvalidParameterValue: Tag keys starting with 'aws:' are reserved for internal use")...)
		}
		if utf8.RuneCountInString(all.Text(key)) > 256 {
			failures = append(failures, fail(path+"."+key, "InvalidParameterValue: Tag value exceeds the maximum length of 256 characters")...)
		}
	}
	return failures
}

// tagsAll is a resource's tags over the provider's default ones.
func tagsAll(defaults, in Values) any {
	if _, ok := in["tags"].(unknown); ok {
		return unknown{}
	}
	all := map[string]any{}
	for key, v := range defaults {
		all[key] = v
	}
	for key, v := range in.Object("tags") {
		all[key] = v
	}
	return all
}
