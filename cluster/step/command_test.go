package step

import (
	"encoding/base64"
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
	packed, err := scripts.pack("run.sh")
	require.NoError(t, err)
	// run gives the code that the command ends with, and what it says.
	run := func(stdin string, code int) (int, string) {
		scratch := t.TempDir()
		cmd := exec.Command("sh", "-c", fmt.Sprintf("env NAME=node CODE=%d PLATFORM_SHA256=%s ", code, checksum(packed))+fmt.Sprintf(brought, "run.sh"))
		cmd.Env = append(os.Environ(), "TMPDIR="+scratch)
		cmd.Stdin = strings.NewReader(stdin)
		said, _ := cmd.CombinedOutput()
		left, err := os.ReadDir(scratch)
		require.NoError(t, err)
		assert.Empty(t, left, "nothing stays behind")
		return cmd.ProcessState.ExitCode(), string(said)
	}
	for _, code := range []int{0, 3} {
		ended, said := run(packed, code)
		assert.Equal(t, "hello node, from run.sh\n", said)
		assert.Equal(t, code, ended, "what the script ends with")
	}
	t.Run("one that is cut off does not run", func(t *testing.T) {
		// Both scripts are there; what ends a tar is not, which tar does not miss.
		content, err := base64.StdEncoding.DecodeString(packed)
		require.NoError(t, err)
		code, said := run(base64.StdEncoding.EncodeToString(content[:len(content)-1024]), 0)
		assert.Equal(t, 1, code)
		assert.Equal(t, "FAILED: the upload was cut off, and nothing on this machine has changed; run pulumi up again\n", said)
	})
}
