package web

import (
	"errors"
	"net/http"
	"strconv"
)

var errBusy = errors.New("the shop has its hands full")

// shed turns requests away at once where all slots are taken by those that are being worked on. In a queue they would grow old, and be
// answered when nobody waits any more.
func shed(slots chan struct{}, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
			next.ServeHTTP(w, r)
		default:
			w.Header().Set("Retry-After", strconv.Itoa(soon))
			write(w, r, http.StatusServiceUnavailable, problem{Error: errBusy.Error(), Request: requestID(r.Context())})
		}
	})
}
