//go:build lab

package lifecycle

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/labtest"
)

// book is what customers know of their orders, each of which has a key of its own.
type book struct {
	url, prefix string
	// all is what there is of each product, in stock and sold.
	all string

	mu           sync.Mutex
	made         int
	acknowledged map[string]int64 // the order's number, by key
	unknown      []string         // keys of orders of which nobody said what became of them
}

// everything is what the shop has of each product and what it has sold of it: orders move it, and change none of the sums.
const everything = `select string_agg(id || ': ' || stock + coalesce(sold, 0), ', ' order by id) from products
	left join (select product_id, sum(quantity) as sold from order_items group by 1) as items on product_id = id`

func openBook(t *testing.T) *book {
	t.Helper()
	b := &book{url: fmt.Sprint(shop.Outputs["frontendUrl"]), prefix: fmt.Sprintf("lifecycle-%d-", time.Now().UnixNano()), acknowledged: map[string]int64{}}
	labtest.Eventually(t, time.Minute, func() (err error) {
		if b.all, err = shop.SQL(t.Context(), everything); err == nil && b.all == "" {
			err = fmt.Errorf("the shop has no products")
		}
		return err
	})
	return b
}

// place places another order and notes what became of it.
func (b *book) place(ctx context.Context, client *http.Client) error {
	b.mu.Lock()
	b.made++
	key := b.prefix + strconv.Itoa(b.made)
	b.mu.Unlock()
	number, err := b.send(ctx, client, key)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.unknown = append(b.unknown, key)
		return err
	}
	b.acknowledged[key] = number
	return nil
}

// wish is what the customer of this key wants: one product or another, so that not everybody waits for the same one.
func wish(key string) string {
	products := []string{"day-pack", "field-notebook", "heather-honey", "lambswool-scarf", "pine-candle", "stoneware-mug"}
	n := int(crc32.ChecksumIEEE([]byte(key)) % uint32(len(products)))
	return fmt.Sprintf(`{"items":[{"productId":%q,"quantity":1},{"productId":%q,"quantity":2}]}`, products[n], products[(n+1)%len(products)])
}

// send sends the order of this key, as often as one likes, and returns its number.
func (b *book) send(ctx context.Context, client *http.Client, key string) (number int64, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, b.url+"/api/orders", strings.NewReader(wish(key)))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Idempotency-Key", key)
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	var text bytes.Buffer
	if _, err := text.ReadFrom(response.Body); err != nil {
		return 0, err
	}
	if response.StatusCode != http.StatusCreated && response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("status %d", response.StatusCode)
	}
	var answer struct{ Order struct{ Number int64 } }
	err = json.Unmarshal(text.Bytes(), &answer)
	return answer.Order.Number, err
}

// reckoning is what became of a book's orders.
type reckoning struct {
	Acknowledged, Again int // of which some were sent again before they were
	Lost                int // acknowledged, and not in the database
	Wrong               int // under another number than the customer was told
	Untold              int // in the database, and nobody was told of them
}

// reckon compares the book with the database, once orders of unknown outcome have been sent again.
func (b *book) reckon(t *testing.T) reckoning {
	t.Helper()
	r := reckoning{Again: len(b.unknown)}
	client := &http.Client{Timeout: patience}
	labtest.Eventually(t, time.Minute, func() error {
		for len(b.unknown) > 0 {
			number, err := b.send(t.Context(), client, b.unknown[0])
			if err != nil {
				return fmt.Errorf("order %s, sent again: %w", b.unknown[0], err)
			}
			b.acknowledged[b.unknown[0]], b.unknown = number, b.unknown[1:]
		}
		return nil
	})
	found := b.kept(t)
	r.Acknowledged = len(b.acknowledged)
	for key, number := range b.acknowledged {
		switch kept, ok := found[key]; {
		case !ok:
			r.Lost++
		case kept != number:
			r.Wrong++
		}
	}
	r.Untold = len(found) - (r.Acknowledged - r.Lost)
	return r
}

// requireKept says that the database has each acknowledged order once, under the number that the customer was told, and
// nothing besides; and that what was sold is missing from the stock.
func (b *book) requireKept(t *testing.T, what string) reckoning {
	t.Helper()
	r := b.reckon(t)
	note(t, what, "%d of %d acknowledged orders lost, %d of them sent again before they were", r.Lost, r.Acknowledged, r.Again)
	assert.Zero(t, r.Lost, "acknowledged orders that are not in the database")
	assert.Zero(t, r.Wrong, "orders with another number than their customers were told")
	assert.Zero(t, r.Untold, "orders that nobody was told of")
	assert.Equal(t, b.all, told(t, everything), "in stock and sold, of each product")
	return r
}

// kept are the book's orders in the database: their numbers by key, which is unique there.
func (b *book) kept(t *testing.T) map[string]int64 {
	t.Helper()
	found := map[string]int64{}
	for line := range strings.Lines(told(t, "select idempotency_key, number from orders where idempotency_key like '"+b.prefix+"%'")) {
		key, number, _ := strings.Cut(strings.TrimSpace(line), "|")
		count, err := strconv.ParseInt(number, 10, 64)
		require.NoError(t, err, line)
		found[key] = count
	}
	return found
}

// told is what the database says. Its node may have no container runtime for a moment yet, through which it is asked.
func told(t *testing.T, sql string) (text string) {
	t.Helper()
	labtest.Eventually(t, time.Minute, func() (err error) {
		text, err = shop.SQL(t.Context(), sql)
		return err
	})
	return text
}
