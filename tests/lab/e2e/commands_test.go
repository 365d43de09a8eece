//go:build lab

package e2e

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mvdan.cc/sh/v3/syntax"
)

// wrappers run the command that follows so many arguments of theirs.
var wrappers = map[string]int{"wait_for": 1, "in_turn": 0, "logged": 1, "detail": 0, "fail": 2, "timeout": 1, "exec": 0, "command": 0}

// advised is a command in a message: one with an option, one after "run" or "sudo", and what looks like one.
var advised = regexp.MustCompile(`(?:^|[ (])([a-z][a-z0-9-]*) --?[a-z]|(?:run|sudo):? ([a-z][a-z0-9-]*)|\b([a-z]+ctl|[a-z]+-(?:analyze|cache|get|init|mark|query))\b`)

// elsewhere are words of messages that are for the machine that pulumi runs on, or are no commands.
var elsewhere = []string{"pulumi", "up", "again", "with", "of", "see", "x509"}

// broughtLater is what a script installs before it needs it.
var broughtLater = []string{"restic"}

// A message that names what the node does not have helps nobody when it is needed.
func TestCommandsOfScriptsAreOnTheNodes(t *testing.T) {
	scripts, functions := map[string]*syntax.File{}, map[string]bool{}
	for _, node := range shop.NodeNames() {
		text, err := shop.OnMachine(t.Context(), node, "sh", "-c", "cat /opt/platform/bin/*.sh")
		require.NoError(t, err)
		scripts[node], err = syntax.NewParser().Parse(strings.NewReader(text), node)
		require.NoError(t, err)
		syntax.Walk(scripts[node], func(part syntax.Node) bool {
			if function, ok := part.(*syntax.FuncDecl); ok {
				functions[function.Name.Value] = true
			}
			return true
		})
	}
	for _, node := range shop.NodeNames() {
		names := slices.DeleteFunc(commandsOf(scripts[node]), func(name string) bool { return functions[name] })
		require.Contains(t, names, "crictl", "evidence is read")
		require.Contains(t, names, "journalctl", "evidence is read")
		const look = `for name; do type -t "$name" >/dev/null || echo "$name"; done`
		missing, err := shop.OnMachine(t.Context(), node, append([]string{"bash", "-c", look, "bash"}, names...)...)
		require.NoError(t, err)
		assert.Empty(t, strings.Fields(missing), node)
	}
}

// commandsOf are the commands of scripts, functions among them: those that they run, those that wrappers of theirs run, evidence
// among them, and those that their messages advise.
func commandsOf(file *syntax.File) []string {
	found := map[string]bool{}
	note := func(word *syntax.Word) string {
		name := word.Lit()
		if name != "" && !strings.ContainsAny(name, "/=") {
			found[name] = true
		}
		return name
	}
	syntax.Walk(file, func(node syntax.Node) bool {
		if node, ok := node.(*syntax.CallExpr); ok {
			if len(node.Args) > 2 && node.Args[0].Lit() == "fail" {
				for _, message := range node.Args[1:3] {
					for _, match := range advised.FindAllStringSubmatch(literal(message), -1) {
						found[match[1]+match[2]+match[3]] = true
					}
				}
			}
			for rest := node.Args; len(rest) > 0; {
				skip, wraps := wrappers[note(rest[0])]
				if !wraps || len(rest) <= skip+1 {
					break
				}
				rest = rest[skip+1:]
				for len(rest) > 1 && strings.HasPrefix(rest[0].Lit(), "-") {
					rest = rest[1:]
				}
			}
		}
		return true
	})
	maps.DeleteFunc(found, func(name string, _ bool) bool {
		_, err := strconv.Atoi(name)
		return err == nil || slices.Contains(slices.Concat(elsewhere, broughtLater), name)
	})
	return slices.Sorted(maps.Keys(found))
}

// literal is a word without what it expands.
func literal(word *syntax.Word) string {
	var text strings.Builder
	syntax.Walk(word, func(node syntax.Node) bool {
		if part, ok := node.(*syntax.Lit); ok {
			text.WriteString(part.Value)
		}
		return true
	})
	return text.String()
}
