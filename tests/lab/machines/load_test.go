package machines_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/machines"
)

// stubDocker puts a docker command in front of the real one, which knows one running container, in which commands are run
// by the given script. It returns the log of what was run there, a line each.
func stubDocker(t *testing.T, exec string) func() []string {
	t.Helper()
	dir := t.TempDir()
	script := `#!/bin/sh
case $1 in
cp) cat >/dev/null ;;
inspect) echo true ;;
exec)
	shift
	echo "$*: $(cat)" >>"$STUB/log"
	attempt=$(wc -l <"$STUB/log")
	` + exec + ` ;;
esac
`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "docker"), []byte(script), 0o755))
	t.Setenv("STUB", dir)
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return func() []string {
		log, err := os.ReadFile(filepath.Join(dir, "log"))
		require.NoError(t, err)
		return strings.Split(strings.TrimSpace(string(log)), "\n")
	}
}

func TestRulesAreLoadedOnceCommandsRunInTheMachine(t *testing.T) {
	// While the machine's entry point remounts its control groups, the runtime finds no place for another process.
	ran := stubDocker(t, `if [ "$attempt" -lt 3 ]; then echo "OCI runtime exec failed"; exit 126; fi`)
	require.NoError(t, (&machines.Docker{Name: "twin"}).ApplyFirewall(t.Context(), "twin-a", "the rules"))
	once := "--interactive twin-a nft --file -: the rules"
	assert.Equal(t, []string{once, once, once}, ran(), "the rules are sent anew each time")
}

func TestRulesThatTheMachineRefusesAreNotTriedAgain(t *testing.T) {
	ran := stubDocker(t, `echo "syntax error, unexpected newline" >&2; exit 1`)
	err := (&machines.Docker{Name: "twin"}).ApplyFirewall(t.Context(), "twin-a", "the rules")
	require.EqualError(t, err, "docker exec --interactive twin-a nft --file -: exit status 1: syntax error, unexpected newline")
	assert.Len(t, ran(), 1)
}
