package remote

import (
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"ecommerce-platform/tests/lab/command/task"
)

// copyToRemote are the inputs of command:remote:CopyToRemote but for the source, which is no plain value.
type copyToRemote struct {
	Triggers   []any       `json:"triggers"`
	Connection *Connection `json:"connection"`
	RemotePath string      `json:"remotePath"`
	Source     any         `json:"source"`
}

// CheckCopy fills in the connection's defaults and admits sources that lie in a file, and text.
func CheckCopy(inputs resource.PropertyMap) []plugin.CheckFailure {
	failures := append(checkConnection(inputs), task.Missing(inputs, "", "source", "remotePath")...)
	if err := task.Decode(inputs, &copyToRemote{}); err != nil {
		failures = append(failures, plugin.CheckFailure{Reason: err.Error()})
	}
	switch source, _ := element(inputs["source"]); {
	case source.IsAsset() && !source.AssetValue().IsPath() && !source.AssetValue().IsText():
		failures = append(failures, plugin.CheckFailure{
			Property: "asset", Reason: "asset must be a path-based file asset or a text asset",
		})
	case source.IsArchive() && !source.ArchiveValue().IsPath():
		failures = append(failures, plugin.CheckFailure{
			Property: "archive", Reason: "archive must be a path to a file or directory",
		})
	}
	return failures
}

// RunCopy copies the source when the resource is made and when the source, or where it goes, has changed. The copy is
// left behind on deletion.
func RunCopy(ctx context.Context, t task.Task) (task.Output, error) {
	if t.Operation == task.Delete {
		return task.Output{}, nil
	}
	source, _ := element(t.Inputs["source"])
	if t.Operation == task.Update {
		old, _ := element(t.Old["source"])
		if hash(source) == hash(old) && t.Inputs["remotePath"].DeepEquals(t.Old["remotePath"]) {
			return task.Output{}, nil
		}
	}
	var c copyToRemote
	if err := task.Decode(t.Inputs, &c); err != nil {
		return task.Output{}, err
	}
	if _, ok := modelAnswers(); ok {
		return task.Output{}, c.Connection.validate()
	}
	client, err := c.Connection.dial(ctx, t.Log)
	if err != nil {
		return task.Output{}, err
	}
	defer func() { _ = client.Close() }()
	to, err := openTarget(client)
	if err != nil {
		return task.Output{}, err
	}
	defer func() { _ = to.Close() }() // every file that was written is closed by now
	switch {
	case source.IsArchive():
		err = to.copyPath(source.ArchiveValue().Path, c.RemotePath)
	case source.AssetValue().IsText():
		err = to.copyText(source.AssetValue().Text, c.RemotePath)
	default:
		err = to.copyPath(source.AssetValue().Path, c.RemotePath)
	}
	return task.Output{}, err
}

func hash(source resource.PropertyValue) string {
	switch {
	case source.IsAsset():
		return source.AssetValue().Hash
	case source.IsArchive():
		return source.ArchiveValue().Hash
	}
	return ""
}
