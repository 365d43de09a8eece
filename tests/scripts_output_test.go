package tests

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// longestLine is what the command provider can show: it waits without end where a line is longer.
const longestLine = 64 << 10

// What scripts show comes on stderr, and lib.sh sees to it that the command provider can show it.
func TestScriptsShowLinesThatCanBeShown(t *testing.T) {
	h := scriptsControlPlane(t)
	h.stub("kubeadm", `[[ "$1 $2" == "init --config" ]] || exit 0
head -c 200000 /dev/zero | tr '\0' x; printf ' after\n'
printf 'grün \x1b[31mred\x1b[0m\n'; printf 'ab\xff\xfecd\n'; printf 'no end of line'; exit 1`)
	stderr := h.fails("init.sh", "", "kubeadm init failed", "read what it says").stderr
	for line := range strings.Lines(stderr) {
		assert.Less(t, len(line), longestLine)
	}
	assert.True(t, utf8.ValidString(stderr), "what is not UTF-8 fails the step that printed it")
	assert.Contains(t, stderr, "    xxxx")
	assert.Contains(t, stderr, "    grün [31mred[0m\n")
	assert.Contains(t, stderr, "    abcd\n")
	assert.Contains(t, stderr, "    no end of line\n")
}

// Data for other steps stays whole, and is not shown.
func TestScriptsKeepDataWhole(t *testing.T) {
	h := newScriptsHost(t, map[string]string{"ADDRESS": "203.0.113.9"})
	long := strings.Repeat("x", 2*longestLine)
	h.write("etc/kubernetes/admin.conf", "certificate-authority-data: "+long+"\n")
	assert.Contains(t, h.works("kubeconfig.sh", "").stdout, long)
}

func TestClusterShowsNoStdout(t *testing.T) {
	rec := clusterRun(t, clusterArgs())
	for _, name := range rec.Names(clusterCommand) {
		assert.Contains(t, []any{"stderr", "none"}, rec.Get(t, clusterCommand, name).Input("logging"), name)
	}
}

// A script that runs on its own takes in lib.sh; others are taken in by such a script.
func TestScriptsTakeInTheLibrary(t *testing.T) {
	scripts, err := filepath.Glob("../cluster/scripts/*.sh")
	require.NoError(t, err)
	sourced := regexp.MustCompile(`(?m)^source "\$\{BASH_SOURCE\[0\]%/\*\}/([a-z.-]+)"$`)
	code, part := map[string]string{}, map[string]bool{}
	for _, path := range scripts {
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		code[filepath.Base(path)] = string(content)
		for _, match := range sourced.FindAllStringSubmatch(string(content), -1) {
			part[match[1]] = true
		}
	}
	require.True(t, part["lib.sh"])
	for name, content := range code {
		if !part[name] {
			assert.Contains(t, content, `source "${BASH_SOURCE[0]%/*}/lib.sh"`, name)
		}
	}
}
