package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"

	"ecommerce-platform/workloads/shop/order"
)

// maxBody is the size of the largest request.
const maxBody = 64 << 10

func (s *Shop) place(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Items []struct {
			ProductID string `json:"productId"`
			Quantity  int    `json:"quantity"`
		} `json:"items"`
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&body); err != nil {
		s.fail(w, r, order.Invalid(fmt.Sprintf("the body is not an order: %v", err)))
		return
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		s.fail(w, r, order.Invalid("the body is not an order: it goes on after the object"))
		return
	}
	request := order.Request{Key: r.Header.Get("Idempotency-Key")}
	for _, item := range body.Items {
		request.Items = append(request.Items, order.Item{ProductID: item.ProductID, Quantity: item.Quantity})
	}
	placed, now, err := s.Orders.Place(r.Context(), request)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	status := http.StatusOK
	if now {
		status = http.StatusCreated
		s.Meter.Placed()
	}
	w.Header().Set("Location", "/api/orders/"+placed.ID)
	s.answer(w, r, status, placed)
}

// orderID is a UUID, which nobody guesses.
var orderID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

func (s *Shop) find(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if !orderID.MatchString(id) {
		s.fail(w, r, order.ErrNoOrder)
		return
	}
	found, err := s.Orders.Find(r.Context(), id)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.answer(w, r, http.StatusOK, found)
}

func (s *Shop) answer(w http.ResponseWriter, r *http.Request, status int, o order.Order) {
	write(w, r, status, struct {
		head
		Order order.Order `json:"order"`
	}{s.head(r), o})
}
