package remote

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	provider "github.com/pulumi/pulumi-go-provider"
)

// Environment of the twin that the provider shares with the stand-in of AWS.
const (
	modeVariable  = "TWIN_MODE"
	stateVariable = "TWIN_STATE"
	answersDir    = "answers"
)

// modelAnswers returns the directory of prepared answers, and whether machines are only modelled and none is there to
// connect to.
func modelAnswers() (string, bool) {
	if os.Getenv(modeVariable) != "model" {
		return "", false
	}
	return filepath.Join(os.Getenv(stateVariable), answersDir), true
}

// answer stands for a run: the connection must be one that could be made, and a command that names a file of the
// answers directory writes that file's content.
func (c *CommandOutputs) answer(ctx context.Context, dir, line string) error {
	if os.Getenv(stateVariable) == "" {
		return fmt.Errorf("%s <unset>: required with %s=model", stateVariable, modeVariable)
	}
	if err := c.Connection.validate(); err != nil {
		return err
	}
	files, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	c.Stdout, c.Stderr = "", ""
	for _, file := range files {
		if file.IsDir() || !strings.Contains(line, file.Name()) {
			continue
		}
		content, err := os.ReadFile(filepath.Join(dir, file.Name()))
		provider.GetLogger(ctx).InfoStatus("answered from " + file.Name())
		c.Stdout = strings.TrimSuffix(string(content), "\n")
		return err
	}
	return nil
}
