package machines_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/machines"
)

func subnetOf(t *testing.T, block string) machines.Network {
	t.Helper()
	prefix, err := netip.ParsePrefix(block)
	require.NoError(t, err)
	return machines.Network{ID: "subnet-0test", CIDR: prefix}
}

// stubMachine is an engine that knows one running container, twin-a. What a command writes there, and its exit status, is as
// the function says for each attempt, from 1. It returns what the commands read.
func stubMachine(t *testing.T, ends func(attempt int) (says string, status int)) *[]string {
	t.Helper()
	var read []string
	stubEngine(t, map[string]http.HandlerFunc{
		"GET /containers/twin-a/json":    says(http.StatusOK, `{"State": {"Running": true}}`),
		"PUT /containers/twin-a/archive": says(http.StatusOK, ""),
		"POST /containers/twin-a/exec":   says(http.StatusCreated, `{"Id": "nft"}`),
		"POST /exec/nft/start": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			connection, buffer, err := w.(http.Hijacker).Hijack()
			if !assert.NoError(t, err) {
				return
			}
			defer connection.Close() //nolint:errcheck // nothing is left to lose
			_, _ = fmt.Fprint(connection, "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
			stdin, err := io.ReadAll(buffer)
			assert.NoError(t, err)
			read = append(read, string(stdin))
			text, _ := ends(len(read))
			// https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach
			header := binary.BigEndian.AppendUint32([]byte{1, 0, 0, 0}, uint32(len(text)))
			_, _ = connection.Write(append(header, text...))
		},
		"GET /exec/nft/json": func(w http.ResponseWriter, r *http.Request) {
			_, status := ends(len(read))
			says(http.StatusOK, fmt.Sprintf(`{"ExitCode": %d}`, status))(w, r)
		},
	})
	return &read
}

func TestRulesAreLoadedOnceCommandsRunInTheMachine(t *testing.T) {
	// While the machine's entry point remounts its control groups, the runtime finds no place for another process.
	read := stubMachine(t, func(attempt int) (string, int) {
		if attempt < 3 {
			return "OCI runtime exec failed", 126
		}
		return "", 0
	})
	require.NoError(t, (&machines.Docker{Name: "twin"}).ApplyFirewall(t.Context(), "twin-a", "the rules"))
	assert.Equal(t, []string{"the rules", "the rules", "the rules"}, *read, "the rules are sent anew each time")
}

func TestRulesThatTheMachineRefusesAreNotTriedAgain(t *testing.T) {
	read := stubMachine(t, func(int) (string, int) { return "syntax error, unexpected newline\n", 1 })
	err := (&machines.Docker{Name: "twin"}).ApplyFirewall(t.Context(), "twin-a", "the rules")
	require.EqualError(t, err, "firewall of twin-a: nft: exit status 1: syntax error, unexpected newline")
	assert.Len(t, *read, 1)
}
