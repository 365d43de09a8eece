package command

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/asset"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCopyToRemote(t *testing.T) {
	copyIn := func(b *bench, source resource.PropertyValue, to string) error {
		inputs := b.inputs(map[string]any{"remotePath": to})
		inputs["source"] = source
		_, err := b.Create(b.t.Context(), plugin.CreateRequest{URN: copyURN, Properties: b.check(copyURN, inputs)})
		return err
	}
	t.Run("text_becomes_a_file", func(t *testing.T) {
		b, to := newBench(t), filepath.Join(t.TempDir(), "file")
		text, err := asset.FromText("content")
		require.NoError(t, err)
		require.NoError(t, copyIn(b, resource.NewProperty(text), to))
		written, err := os.ReadFile(to)
		require.NoError(t, err)
		assert.Equal(t, "content", string(written))
	})
	t.Run("a_file_goes_into_an_existing_directory", func(t *testing.T) {
		b, dir := newBench(t), t.TempDir()
		source := filepath.Join(t.TempDir(), "name")
		require.NoError(t, os.WriteFile(source, []byte("content"), 0o600))
		file, err := asset.FromPath(source)
		require.NoError(t, err)
		require.NoError(t, copyIn(b, resource.NewProperty(file), dir))
		assert.FileExists(t, filepath.Join(dir, "name"))
	})
	t.Run("text_into_a_directory_is_an_error", func(t *testing.T) {
		b, dir := newBench(t), t.TempDir()
		text, err := asset.FromText("content")
		require.NoError(t, err)
		require.ErrorContains(t, copyIn(b, resource.NewProperty(text), dir), "is a directory; when using a text asset")
	})
}

func TestLocalCommand(t *testing.T) {
	b := newBench(t)
	made, err := b.Create(t.Context(), plugin.CreateRequest{URN: localURN, Properties: b.check(localURN,
		resource.NewPropertyMapFromMap(map[string]any{
			"create": "cat; echo $GREETING", "stdin": "hello ", "environment": map[string]any{"GREETING": "world"},
		}))})
	require.NoError(t, err)
	assert.Equal(t, "hello world", made.Properties["stdout"].StringValue())
}
