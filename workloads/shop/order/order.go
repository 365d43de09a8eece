// Package order is what customers buy. An order and the fall of the stock are there together or not at all.
package order

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Item is how much of one product is ordered.
type Item struct {
	ProductID string `json:"productId"`
	Quantity  int    `json:"quantity"`
	// PriceCents is that of one, as it was when it was ordered.
	PriceCents int    `json:"priceCents,omitempty"`
	Currency   string `json:"currency,omitempty"`
}

// Order is one that was placed.
type Order struct {
	ID         string    `json:"id"`
	Number     int64     `json:"number"`
	Items      []Item    `json:"items"`
	TotalCents int       `json:"totalCents"`
	Time       time.Time `json:"time"`
}

// Request is an order to be placed.
type Request struct {
	// Key is the client's name for it: however often a request with the key comes, it is one order.
	Key   string
	Items []Item
}

// Bounds of a request.
const (
	maxItems    = 50
	maxQuantity = 1000
	maxKey      = 255
)

// Invalid says what is wrong with a request, whatever the stock.
type Invalid string

func (e Invalid) Error() string { return string(e) }

// SoldOut says that there is less of a product than was ordered.
type SoldOut struct {
	ProductID    string
	Wanted, Left int
}

func (e SoldOut) Error() string {
	return fmt.Sprintf("not enough of %q: %d ordered, %d left", e.ProductID, e.Wanted, e.Left)
}

// ErrKeyReused says that another order was placed under the key.
var ErrKeyReused = errors.New("another order was placed under this Idempotency-Key")

// ErrNoOrder says that there is no such order.
var ErrNoOrder = errors.New("no such order")

// check returns the request with its items sorted, so that two orders never wait for each other's products.
func (r Request) check() (Request, error) {
	switch {
	case r.Key == "":
		return r, Invalid("Idempotency-Key <unset>: required")
	case len(r.Key) > maxKey:
		return r, Invalid(fmt.Sprintf("Idempotency-Key: longer than %d bytes", maxKey))
	case len(r.Items) == 0:
		return r, Invalid("items []: at least one")
	case len(r.Items) > maxItems:
		return r, Invalid(fmt.Sprintf("items: more than %d", maxItems))
	}
	for i, item := range r.Items {
		switch {
		case item.ProductID == "":
			return r, Invalid(fmt.Sprintf("items[%d].productId <unset>: required", i))
		case item.Quantity < 1 || item.Quantity > maxQuantity:
			return r, Invalid(fmt.Sprintf("items[%d].quantity %d: must be between 1 and %d", i, item.Quantity, maxQuantity))
		}
	}
	r.Items = slices.SortedFunc(slices.Values(r.Items), func(a, b Item) int { return strings.Compare(a.ProductID, b.ProductID) })
	for i := 1; i < len(r.Items); i++ {
		if r.Items[i].ProductID == r.Items[i-1].ProductID {
			return r, Invalid(fmt.Sprintf("items: %q twice", r.Items[i].ProductID))
		}
	}
	return r, nil
}

// fingerprint tells what is ordered.
func (r Request) fingerprint() []byte {
	sum := sha256.New()
	for _, item := range r.Items {
		_ = binary.Write(sum, binary.BigEndian, int64(len(item.ProductID)))
		_, _ = sum.Write([]byte(item.ProductID))
		_ = binary.Write(sum, binary.BigEndian, int64(item.Quantity))
	}
	return sum.Sum(nil)
}
