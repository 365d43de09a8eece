package machines_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/machines"
)

func TestOnlyTheEnginesWordMakesAMachineGone(t *testing.T) {
	for name, c := range map[string]struct {
		docker, wrong string
	}{
		"the engine knows no such container":   {`echo "Error: No such container: twin-a" >&2; exit 1`, ""},
		"no engine answers":                    {`echo "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?" >&2; exit 1`, "start it"},
		"another file is not found":            {`echo "error during connect: context not found" >&2; exit 1`, "context not found"},
		"the command is killed before it ends": {`echo "Error: No such" >&2; kill -KILL $$`, "signal: killed"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "docker"), []byte("#!/bin/sh\n"+c.docker+"\n"), 0o755))
			t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
			status, err := (&machines.Docker{Name: "twin"}).Status(t.Context(), "twin-a")
			assert.Empty(t, status)
			if c.wrong == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.wrong)
		})
	}
	t.Run("there is no docker command", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		_, err := (&machines.Docker{Name: "twin"}).Status(t.Context(), "twin-a")
		require.ErrorContains(t, err, "executable file not found")
	})
}
