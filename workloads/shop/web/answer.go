package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"ecommerce-platform/workloads/shop/catalogue"
	"ecommerce-platform/workloads/shop/database"
	"ecommerce-platform/workloads/shop/order"
)

// head is what every answer says of itself.
type head struct {
	Server
	Request string    `json:"request"`
	Time    time.Time `json:"time"`
}

func (s *Shop) head(r *http.Request) head {
	return head{Server: s.Server, Request: requestID(r.Context()), Time: time.Now().UTC()}
}

// problem is the answer to a request that failed.
type problem struct {
	Error   string `json:"error"`
	Request string `json:"request"`
	// ProductID is the product there is not enough of, of which Left are left.
	ProductID string `json:"productId,omitempty"`
	Left      *int   `json:"left,omitempty"`
}

// soon is after how many seconds a client that was turned away may try again.
const soon = 2

// fail answers with what err means to the client. What is behind it is for the log.
func (s *Shop) fail(w http.ResponseWriter, r *http.Request, err error) {
	answer := problem{Error: err.Error(), Request: requestID(r.Context())}
	status := http.StatusInternalServerError
	var soldOut order.SoldOut
	var invalid order.Invalid
	switch {
	case errors.Is(err, catalogue.ErrNoProduct), errors.Is(err, order.ErrNoOrder), errors.Is(err, errNothing):
		status = http.StatusNotFound
	case errors.As(err, &invalid):
		status = http.StatusBadRequest
	case errors.As(err, &soldOut):
		status, answer.ProductID, answer.Left = http.StatusConflict, soldOut.ProductID, &soldOut.Left
	case errors.Is(err, order.ErrKeyReused):
		status = http.StatusUnprocessableEntity
	case errors.Is(err, context.Canceled) && r.Context().Err() != nil:
		return // nobody listens any more
	case database.IsAway(err):
		status, answer.Error = http.StatusServiceUnavailable, "the database does not answer"
	default:
		answer.Error = "the shop failed"
	}
	if status >= http.StatusInternalServerError {
		note(r.Context(), err)
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(soon))
	}
	write(w, r, status, answer)
}

// write answers in JSON. Nobody keeps an answer unless the handler said that he may.
func write(w http.ResponseWriter, r *http.Request, status int, answer any) {
	text, err := json.Marshal(answer)
	if err != nil {
		note(r.Context(), err)
		status, text = http.StatusInternalServerError, []byte(`{"error":"the shop failed"}`)
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("X-Content-Type-Options", "nosniff")
	if header.Get("Cache-Control") == "" {
		header.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n'))
}
