package step

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestScriptThatIsBrought(t *testing.T) {
	scripts := scripts{fstest.MapFS{
		"lib.sh": {Data: []byte("hello() { echo \"hello $1, from ${0##*/}\"; }\n")},
		"run.sh": {Data: []byte("#!/usr/bin/env bash\nsource \"${BASH_SOURCE[0]%/*}/lib.sh\"\nhello \"$NAME\"\nexit \"$CODE\"\n")},
	}}
	names, err := scripts.files("run.sh")
	require.NoError(t, err)
	packed, err := scripts.archive(names, nil)
	require.NoError(t, err)
	for _, code := range []int{0, 3} {
		scratch := t.TempDir()
		cmd := exec.Command("sh", "-c", "env NAME=node CODE="+fmt.Sprint(code)+" "+fmt.Sprintf(brought, "run.sh"))
		cmd.Env = append(os.Environ(), "TMPDIR="+scratch)
		cmd.Stdin = strings.NewReader(packed)
		said, _ := cmd.Output()
		assert.Equal(t, "hello node, from run.sh\n", string(said))
		assert.Equal(t, code, cmd.ProcessState.ExitCode(), "what the script ends with")
		left, err := os.ReadDir(scratch)
		require.NoError(t, err)
		assert.Empty(t, left, "nothing stays behind")
	}
}
