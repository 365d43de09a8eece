package machines_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/machines"
)

// stubEngine answers in place of the Docker engine, in the version of its API that Debian 12 has.
func stubEngine(t *testing.T, answers map[string]http.HandlerFunc) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/_ping", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Api-Version", "1.41") })
	for pattern, answer := range answers {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" /v1.41"+path, answer)
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	t.Setenv("DOCKER_HOST", "tcp://"+server.Listener.Addr().String())
}

// says answers with JSON.
func says(status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, text)
	}
}

func TestOnlyTheEnginesWordMakesAMachineGone(t *testing.T) {
	const inspect = "GET /containers/twin-a/json"
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		wrong  string
	}{
		"the engine knows no such container": {says(http.StatusNotFound, `{"message":"No such container: twin-a"}`), ""},
		"the engine fails":                   {says(http.StatusInternalServerError, `{"message":"no such file"}`), "no such file"},
		"the connection breaks off":          {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			stubEngine(t, map[string]http.HandlerFunc{inspect: c.answer})
			status, err := (&machines.Docker{Name: "twin"}).Status(t.Context(), "twin-a")
			assert.Empty(t, status)
			if c.wrong == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, "docker: inspecting twin-a: ")
			require.ErrorContains(t, err, c.wrong)
		})
	}
	t.Run("no engine answers", func(t *testing.T) {
		t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(t.TempDir(), "docker.sock"))
		_, err := (&machines.Docker{Name: "twin"}).Status(t.Context(), "twin-a")
		require.ErrorContains(t, err, "start it: `systemctl start docker`")
	})
	t.Run("another server answers", func(t *testing.T) {
		server := httptest.NewServer(http.NotFoundHandler())
		t.Cleanup(server.Close)
		t.Setenv("DOCKER_HOST", "tcp://"+server.Listener.Addr().String())
		_, err := (&machines.Docker{Name: "twin"}).Status(t.Context(), "twin-a")
		require.ErrorContains(t, err, "docker: inspecting twin-a: ")
	})
}

func TestErrorSaysWhatToLookAt(t *testing.T) {
	stubEngine(t, map[string]http.HandlerFunc{
		"POST /networks/create": says(http.StatusForbidden, `{"message":"Pool overlaps with other one on this address space"}`),
	})
	err := (&machines.Docker{Name: "twin"}).CreateNetwork(t.Context(), subnetOf(t, "172.29.240.0/24"))
	require.ErrorContains(t, err, "subnet subnet-0test: docker: making network twin-subnet-0test: ")
	require.ErrorContains(t, err, "remove it or choose another vpcCidr")
}

func TestMachineOfAnotherTwinStays(t *testing.T) {
	stubEngine(t, map[string]http.HandlerFunc{
		"GET /containers/twin-a/json": says(http.StatusOK, `{"Config": {"Labels": {"twin": "other"}}}`),
	})
	err := (&machines.Docker{Name: "twin"}).Terminate(t.Context(), "twin-a")
	require.EqualError(t, err, "container twin-a: not made by twin \"twin\", so it is not removed: `docker rm` it or set another TWIN_NAME")
}

func TestMachineIsFoundByItsAddress(t *testing.T) {
	stubEngine(t, map[string]http.HandlerFunc{
		"GET /containers/json": says(http.StatusOK, `[
			{"Id": "unfinished", "NetworkSettings": null},
			{"Id": "gateway", "NetworkSettings": {"Networks": {"host": {"IPAMConfig": null}}}},
			{"Id": "a", "NetworkSettings": {"Networks": {"twin-subnet": {"IPAMConfig": {"IPv4Address": "172.29.240.10"}}}}}]`),
	})
	id, err := machines.Container(t.Context(), "twin", "172.29.240.10")
	require.NoError(t, err)
	assert.Equal(t, "a", id)
	_, err = machines.Container(t.Context(), "twin", "172.29.240.11")
	require.EqualError(t, err, "twin twin: no machine has the address 172.29.240.11")
}

// A container that another process removes loses its name first.
func TestDownTakesAContainerWithoutAName(t *testing.T) {
	removed := false
	stubEngine(t, map[string]http.HandlerFunc{
		"GET /containers/json":        says(http.StatusOK, `[{"Id": "c0ffee", "Names": null, "Labels": {"twin": "twin"}}]`),
		"GET /volumes":                says(http.StatusOK, `{"Volumes": []}`),
		"GET /networks":               says(http.StatusOK, `[]`),
		"GET /containers/c0ffee/json": says(http.StatusOK, `{"Config": {"Labels": {"twin": "twin"}}}`),
		"DELETE /containers/c0ffee":   func(http.ResponseWriter, *http.Request) { removed = true },
		"DELETE /volumes/":            says(http.StatusNotFound, `{"message":"no such volume"}`),
	})
	require.NoError(t, machines.Down(t.Context(), "twin"))
	assert.True(t, removed)
}
