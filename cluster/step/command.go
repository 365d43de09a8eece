package step

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Setting is one variable of a script's environment. It shows in the node's process list, so it
// can never be a secret.
type Setting struct {
	Name  string
	Value pulumi.StringInput
}

// Set gives a variable its value.
func Set(name string, value pulumi.StringInput) Setting { return Setting{Name: name, Value: value} }

const (
	// uploaded runs a script that was uploaded, by its name.
	uploaded = "/opt/platform/bin/%s"
	// brought runs a script out of the tar on stdin, which leaves nothing behind.
	brought = `sh -c 'set -eu; umask 077; work=$(mktemp -d); trap "rm -rf $work" EXIT; new=$work/new; ` + unpack + `; "$new/bin/%s"'`
)

// command is the line that runs a script, uploaded or brought. The limit is on the node, because neither a lost
// connection nor a cancelled update stops what runs there.
func command(way, script string, limit int, settings []Setting) pulumi.StringOutput {
	values := make([]any, len(settings))
	for i, setting := range settings {
		values[i] = setting.Value
	}
	return pulumi.All(values...).ApplyT(func(values []any) string {
		words := []string{"sudo", "timeout", "--kill-after=10", fmt.Sprint(limit), "env"}
		for i, setting := range settings {
			words = append(words, setting.Name+"="+quote(values[i].(string)))
		}
		return strings.Join(append(words, fmt.Sprintf(way, script)), " ")
	}).(pulumi.StringOutput)
}

// quote makes one word of the shell out of a value.
func quote(value string) string {
	return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}

// digestOf tells apart any two lists of values.
func digestOf(parts ...pulumi.StringInput) pulumi.StringOutput {
	values := make([]any, len(parts))
	for i, part := range parts {
		values[i] = part
	}
	return pulumi.All(values...).ApplyT(func(values []any) string {
		sum := sha256.New()
		for _, value := range values {
			fmt.Fprintf(sum, "%d:%s", len(value.(string)), value)
		}
		return hex.EncodeToString(sum.Sum(nil))[:16]
	}).(pulumi.StringOutput)
}
