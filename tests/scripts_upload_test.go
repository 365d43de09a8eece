package tests

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/cluster"
)

// scriptsUpload runs a node's first command below a directory, with all of what it is to unpack or with what comes
// before one of the tar's members.
func scriptsUpload(t *testing.T, root string, change func(*cluster.Args), cut string) (string, error) {
	t.Helper()
	args := clusterArgs()
	change(args)
	upload := clusterRun(t, args).Get(t, clusterCommand, "shop-worker-node-1-files")
	_, line, found := strings.Cut(upload.InputString("create"), "timeout --kill-after=10 120 ")
	require.True(t, found)
	packed := upload.InputString("stdin")
	if cut != "" {
		content, err := base64.StdEncoding.DecodeString(packed)
		require.NoError(t, err)
		whole, _, found := bytes.Cut(content, []byte(cut+"\x00"))
		require.True(t, found)
		packed = base64.StdEncoding.EncodeToString(whole)
	}
	cmd := exec.Command("sh", "-c", strings.ReplaceAll(line, "/opt", root))
	cmd.Stdin = strings.NewReader(packed)
	output, err := cmd.CombinedOutput()
	return string(output), err
}

func TestScriptsUpload(t *testing.T) {
	root := t.TempDir()
	file := func(name string) string {
		content, err := os.ReadFile(filepath.Join(root, "platform", name))
		require.NoError(t, err)
		return string(content)
	}
	versions := func() int {
		found, err := filepath.Glob(filepath.Join(root, "platform.d", "*", "bin"))
		require.NoError(t, err)
		return len(found)
	}
	pods := func(text string) func(*cluster.Args) {
		return func(args *cluster.Args) { args.NodeExporterImage = "quay.io/prometheus/node-exporter:" + text }
	}
	// What an earlier version of this program left.
	require.NoError(t, os.MkdirAll(filepath.Join(root, "platform/bin"), 0o755))

	output, err := scriptsUpload(t, root, pods("v1"), "")
	require.NoError(t, err, output)
	assert.Contains(t, file("etc/node-exporter.yaml"), ":v1")
	assert.Contains(t, file("bin/prepare.sh"), "#!/usr/bin/env bash")

	t.Run("one that is cut off at a member of the tar changes nothing", func(t *testing.T) {
		output, err := scriptsUpload(t, root, pods("v2"), "bin/prepare.sh")
		require.Error(t, err)
		assert.Contains(t, output, "FAILED: the upload was cut off")
		assert.Contains(t, file("etc/node-exporter.yaml"), ":v1")
		assert.Contains(t, file("bin/prepare.sh"), "#!/usr/bin/env bash")
	})
	t.Run("the same again changes nothing", func(t *testing.T) {
		output, err := scriptsUpload(t, root, pods("v1"), "")
		require.NoError(t, err, output)
		assert.Contains(t, file("etc/node-exporter.yaml"), ":v1")
	})
	t.Run("what runs keeps its version, and versions that nothing runs go", func(t *testing.T) {
		script := filepath.Join(root, "platform/bin/waits.sh")
		require.NoError(t, os.WriteFile(script, []byte("#!/usr/bin/env bash\nsource \"${BASH_SOURCE[0]%/*}/lib.sh\"\necho began\nread -r _\ncat \"$FILES/node-exporter.yaml\"\n"), 0o755))
		running := exec.Command(script)
		stdin, err := running.StdinPipe()
		require.NoError(t, err)
		stdout, err := running.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, running.Start())
		lines := bufio.NewScanner(stdout)
		require.True(t, lines.Scan())
		for _, version := range []string{"v2", "v3", "v4"} {
			output, err := scriptsUpload(t, root, pods(version), "")
			require.NoError(t, err, output)
			assert.Contains(t, file("etc/node-exporter.yaml"), ":"+version)
		}
		assert.Equal(t, 3, versions(), "the present one, the one before, and the one that runs")
		_, err = stdin.Write([]byte("\n"))
		require.NoError(t, err)
		var text strings.Builder
		for lines.Scan() {
			text.WriteString(lines.Text() + "\n")
		}
		require.NoError(t, running.Wait())
		assert.Contains(t, text.String(), ":v1")
		output, err := scriptsUpload(t, root, pods("v5"), "")
		require.NoError(t, err, output)
		assert.Equal(t, 2, versions())
	})
}
