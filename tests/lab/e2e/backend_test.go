//go:build lab

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/labtest"
)

// reply is what a backend says.
type reply struct {
	Tier, Pod, Node, Source, Request string
	Stale                            bool
	Products                         []struct {
		ID    string
		Stock *int
	}
	Order struct{ Number int }
	Error string
}

// ask sends a request through the frontend.
func ask(t *testing.T, method, path, key, body string) (int, http.Header, reply) {
	t.Helper()
	url, _ := shop.Outputs["frontendUrl"].(string)
	request, err := http.NewRequestWithContext(t.Context(), method, url+path, strings.NewReader(body))
	require.NoError(t, err)
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	response, err := (&http.Client{Timeout: 20 * time.Second}).Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	var answer reply
	require.NoError(t, json.Unmarshal(text, &answer), string(text))
	return response.StatusCode, response.Header, answer
}

// unique is a query that no frontend has kept the answer to.
func unique() string { return fmt.Sprintf("?%d", time.Now().UnixNano()) }

const catalogueKey = "shop:v1:products"

// redisOn asks the cache on a node itself.
func redisOn(t *testing.T, node string, command ...string) string {
	t.Helper()
	for _, pod := range podsOf(t, "redis") {
		if pod.Spec.NodeName == node {
			return strings.TrimSpace(shop.Kubectl(t, append([]string{"exec", "-n", namespace, pod.Name, "--", "redis-cli"}, command...)...))
		}
	}
	t.Fatalf("no redis pod on %s", node)
	return ""
}

// The request path of the specification: the cache first, on a miss the database, then written back.
func TestRequestPath(t *testing.T) {
	for _, pod := range podsOf(t, "backend") {
		require.Equal(t, "worker-node-2", pod.Spec.NodeName)
	}
	var status int
	var miss, hit reply
	labtest.Eventually(t, 30*time.Second, func() error {
		redisOn(t, "worker-node-2", "del", catalogueKey)
		if status, _, miss = ask(t, http.MethodGet, "/data"+unique(), "", ""); miss.Source != "database" {
			return fmt.Errorf("%d from %q", status, miss.Source) // another request has filled the cache meanwhile
		}
		return nil
	})
	assert.Equal(t, http.StatusOK, status)
	assert.Len(t, miss.Products, 6)

	status, header, hit := ask(t, http.MethodGet, "/data"+unique(), "", "")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "cache", hit.Source)
	assert.Equal(t, miss.Products, hit.Products)
	assert.Equal(t, hit.Request, header.Get("X-Request-Id"), "the frontend named the request, and the answer says how")

	t.Run("the nearest cache is asked", func(t *testing.T) {
		assert.Equal(t, "1", redisOn(t, "worker-node-2", "exists", catalogueKey), "the backends' own node")
		assert.Equal(t, "0", redisOn(t, "worker-node-1", "exists", catalogueKey), "the other one")
	})
	t.Run("the frontend keeps what the backend lets it keep", func(t *testing.T) {
		path := "/data" + unique()
		labtest.Eventually(t, 30*time.Second, func() error {
			ask(t, http.MethodGet, path, "", "")
			// Each of four frontends keeps its own.
			_, header, _ := ask(t, http.MethodGet, path, "", "")
			if kept := header.Get("Cache-Status"); !strings.Contains(kept, "hit") {
				return fmt.Errorf("Cache-Status %q", kept)
			}
			return nil
		})
	})
}

func TestAnOrderOfOneKeyIsPlacedOnce(t *testing.T) {
	key := fmt.Sprintf("e2e-%d", time.Now().UnixNano())
	body := `{"items":[{"productId":"pine-candle","quantity":2}]}`
	first, _, placed := ask(t, http.MethodPost, "/api/orders", key, body)
	require.Equal(t, http.StatusCreated, first, placed.Error)
	again, _, repeated := ask(t, http.MethodPost, "/api/orders", key, body)
	assert.Equal(t, http.StatusOK, again, repeated.Error)
	assert.Equal(t, placed.Order.Number, repeated.Order.Number)

	refused, _, answer := ask(t, http.MethodPost, "/api/orders", key+"-more", `{"items":[{"productId":"nothing","quantity":1}]}`)
	assert.Equal(t, http.StatusBadRequest, refused)
	assert.Equal(t, `items: no product "nothing"`, answer.Error)
}

// eventuallyAnswers asks for path until the new image answers: a rollout is over before the nodes have heard that the last
// pod of the old one leaves. Until then that one answers, and nobody is turned away.
func eventuallyAnswers(t *testing.T, path string, isNew func(reply) bool) reply {
	t.Helper()
	var answer reply
	labtest.Eventually(t, 30*time.Second, func() error {
		var status int
		status, _, answer = ask(t, http.MethodGet, path+unique(), "", "")
		require.Equal(t, http.StatusOK, status, "%+v", answer)
		if !isNew(answer) {
			return fmt.Errorf("another image answers: %+v", answer)
		}
		return nil
	})
	return answer
}
