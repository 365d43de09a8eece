//go:build lab && lifecycle

package lifecycle

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/images"
	"ecommerce-platform/tests/lab/labtest"
	"ecommerce-platform/tests/lab/mirror"
	"ecommerce-platform/tests/lab/toolchain"
)

// testDatabaseMoves takes the database to another worker and to the next major version by the recipe's own lines, and back to the
// old volume.
func testDatabaseMoves(t *testing.T) {
	requireWhole(t)
	require.NoError(t, mirror.Serve(t.Context(), images.NextPostgres))
	nodes, err := shop.Nodes()
	require.NoError(t, err)
	settings, err := shop.Settings(t.Context())
	require.NoError(t, err)
	address := netip.MustParseAddr(shop.Addresses["worker-node-2"]).Next().String()
	config := map[string]any{
		"nodes": append(nodes, map[string]any{
			"name": newcomer, "role": "worker", "privateIp": address, "labels": map[string]any{"tier": "backend", "storage": "ssd"},
		}),
		"postgres": over(settings["postgres"], map[string]any{"node": "worker-node-2"}),
	}
	update := func(what string) {
		require.NoError(t, shop.Set(t.Context(), config))
		start := time.Now()
		_, err := shop.Stack.Up(t.Context())
		require.NoError(t, err)
		note(t, what, "after %s", time.Since(start).Round(time.Second))
		require.NoError(t, shop.Connect(t.Context()))
	}
	update("another worker may hold the database")
	shop.Addresses[newcomer] = address
	order := placeOrder(t)
	require.Equal(t, "15", majorVersion(t))

	goal := map[string]any{"node": newcomer, "volume": "postgres-17", "image": "postgres:17"}
	config["postgres"] = over(settings["postgres"], goal)
	require.NoError(t, shop.Set(t.Context(), config))
	_, err = shop.Stack.Up(t.Context())
	for _, key := range []string{"postgres.node", "postgres.volume", "postgres.image"} {
		require.ErrorContains(t, err, key+" ", "the data do not follow by themselves")
	}
	require.Equal(t, "15", majorVersion(t), "the server runs on")

	before, after := recipe(t, "## Move the database")
	dir := t.TempDir()
	run(t, dir, before)
	assert.Equal(t, order, askOrder(t, order.ID), "the shop reads on")
	status, _ := post(t, "refused")
	assert.NotEqual(t, http.StatusCreated, status, "and takes no order that would be lost")

	goal["moved"] = "17"
	config["postgres"] = over(settings["postgres"], goal)
	config["backend"] = over(settings["backend"], map[string]any{"replicas": 0})
	update("an empty server of the next major version on the other worker")
	run(t, dir, after)
	delete(config, "backend")
	update("the backends are back")
	requireWhole(t)
	assert.Equal(t, "17", majorVersion(t))
	assert.Equal(t, map[string]int{newcomer: 1}, spread(podsOf(t, "postgres")))
	assert.Equal(t, order, askOrder(t, order.ID), "every row is there")
	placeOrder(t)

	// The old values lead back to the old volume, which nobody has written since.
	config = nil
	update("back on the old volume, without the other worker")
	delete(shop.Addresses, newcomer)
	query(t, "alter database shop reset default_transaction_read_only")
	query(t, "select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()")
	requireWhole(t)
	assert.Equal(t, "15", majorVersion(t))
	assert.Equal(t, order, askOrder(t, order.ID))
	placeOrder(t)
	requireUnchanged(t)
}

func majorVersion(t *testing.T) string {
	t.Helper()
	major, _, _ := strings.Cut(query(t, "show server_version"), ".")
	return major
}

// order is what the shop tells of one.
type order struct {
	ID                 string
	Number, TotalCents int
}

// post places an order under a key.
func post(t *testing.T, key string) (int, order) {
	t.Helper()
	return talk(t, http.MethodPost, "/api/orders", key, `{"items":[{"productId":"pine-candle","quantity":2}]}`)
}

// placeOrder places an order, once the backends take them.
func placeOrder(t *testing.T) order {
	t.Helper()
	var placed order
	key := fmt.Sprintf("lifecycle-%d", time.Now().UnixNano())
	labtest.Eventually(t, 2*time.Minute, func() error {
		status, answer := post(t, key)
		if status != http.StatusCreated && status != http.StatusOK {
			return fmt.Errorf("POST /api/orders: %d", status)
		}
		placed = answer
		return nil
	})
	return placed
}

// askOrder asks for an order, until the backends answer.
func askOrder(t *testing.T, id string) order {
	t.Helper()
	var found order
	labtest.Eventually(t, 2*time.Minute, func() error {
		status, answer := talk(t, http.MethodGet, "/api/orders/"+id, "", "")
		if status != http.StatusOK {
			return fmt.Errorf("GET /api/orders/%s: %d", id, status)
		}
		found = answer
		return nil
	})
	return found
}

// talk asks the backends through the frontend; a request without an answer has the status 0.
func talk(t *testing.T, method, path, key, body string) (int, order) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, fmt.Sprint(shop.Outputs["frontendUrl"])+path, strings.NewReader(body))
	require.NoError(t, err)
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	response, err := (&http.Client{Timeout: 20 * time.Second}).Do(request)
	if err != nil {
		return 0, order{}
	}
	defer response.Body.Close() //nolint:errcheck // read only
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	var answer struct{ Order order }
	_ = json.Unmarshal(text, &answer) // an error has another form
	return response.StatusCode, answer.Order
}

var codeBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// recipe is the first block of commands of a part of docs/operations.md: what is to run before the configuration changes, and after.
func recipe(t *testing.T, heading string) (before, after string) {
	t.Helper()
	root, err := toolchain.Source("..", "..")
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(root, "docs", "operations.md"))
	require.NoError(t, err)
	_, part, found := strings.Cut(string(text), heading)
	require.True(t, found, heading)
	block := codeBlock.FindStringSubmatch(part)
	require.NotNil(t, block)
	configured := false
	for line := range strings.Lines(block[1]) {
		switch {
		case strings.HasPrefix(line, "pulumi "):
			configured = true
		case strings.HasPrefix(line, "export "):
			before, after = before+line, after+line
		case configured:
			after += line
		default:
			before += line
		}
	}
	require.Contains(t, before, "pg_dumpall")
	require.Contains(t, after, "psql")
	return before, after
}

// run runs commands in a directory that has the kubeconfig, as a person does.
func run(t *testing.T, dir, commands string) {
	t.Helper()
	kubectl, err := toolchain.Tool(t.Context(), "kubectl")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "kubeconfig"), []byte(fmt.Sprint(shop.Outputs["kubeconfig"])), 0o600))
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	shell := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", commands)
	shell.Dir, shell.Env = dir, append(os.Environ(), "PATH="+filepath.Dir(kubectl)+":"+os.Getenv("PATH"))
	out, err := shell.CombinedOutput()
	require.NoError(t, err, "%s\n%s", commands, out)
}
