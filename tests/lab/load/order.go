package load

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// OneOrder is what an order asks for: one of the hundred thousand that the shop has.
const OneOrder = `{"items":[{"productId":"pine-candle","quantity":1}]}`

// ask makes one request of the kind.
func (p Probe) ask() func(context.Context, *http.Client) error {
	begun, count := time.Now().UnixNano(), atomic.Int64{}
	return func(ctx context.Context, client *http.Client) error {
		n := count.Add(1)
		target, name := p.Targets[int(n)%len(p.Targets)], fmt.Sprintf("bench-%d-%d", begun, n)
		switch p.Kind {
		case Anew:
			return Get(ctx, client, target+"?"+name)
		case Order:
			return place(ctx, client, target, name)
		}
		return Get(ctx, client, target)
	}
}

func place(ctx context.Context, client *http.Client, url, key string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(OneOrder))
	if err != nil {
		return err
	}
	request.Header.Set("Idempotency-Key", key)
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusCreated {
		return fmt.Errorf("status %d", response.StatusCode)
	}
	return nil
}
