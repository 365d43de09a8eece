package remote

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"ecommerce-platform/tests/lab/command/task"
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
func (c *command) answer(dir, line string, log task.Logger) (task.Output, error) {
	if os.Getenv(stateVariable) == "" {
		return task.Output{}, fmt.Errorf("%s <unset>: required with %s=model", stateVariable, modeVariable)
	}
	if err := c.Connection.validate(); err != nil {
		return task.Output{}, err
	}
	files, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return task.Output{}, err
	}
	for _, file := range files {
		if file.IsDir() || !strings.Contains(line, file.Name()) {
			continue
		}
		content, err := os.ReadFile(filepath.Join(dir, file.Name()))
		log.Status("answered from " + file.Name())
		return task.Output{Stdout: strings.TrimSuffix(string(content), "\n")}, err
	}
	return task.Output{}, nil
}
