package web

import (
	"fmt"
	"net/http"
	"regexp"
	"time"

	"ecommerce-platform/workloads/shop/catalogue"
)

// edge is how long a proxy may keep an answer of the catalogue, so long as the answer is the truth.
const edge = 2 * time.Second

// served says where an answer of the catalogue came from.
type served struct {
	head
	Source string `json:"source"`
	Stale  bool   `json:"stale"`
}

func (s *Shop) list(w http.ResponseWriter, r *http.Request) {
	answer, err := s.Catalogue.List(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	grant(w, answer.Fresh)
	write(w, r, http.StatusOK, struct {
		served
		Products []catalogue.Product `json:"products"`
	}{served{s.head(r), answer.Source, answer.Stale()}, answer.Value})
}

var productID = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)

func (s *Shop) item(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if !productID.MatchString(id) {
		s.fail(w, r, catalogue.ErrNoProduct)
		return
	}
	answer, err := s.Catalogue.Item(r.Context(), id)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	grant(w, answer.Fresh)
	write(w, r, http.StatusOK, struct {
		served
		Product catalogue.Product `json:"product"`
	}{served{s.head(r), answer.Source, answer.Stale()}, answer.Value})
}

// grant lets proxies keep an answer for a few seconds, and never past its lifetime. Browsers ask each time: what is the
// truth to them would otherwise depend on how long a proxy had it before.
func grant(w http.ResponseWriter, fresh time.Duration) {
	if seconds := int(min(fresh, edge).Seconds()); seconds > 0 {
		w.Header().Set("Cache-Control", fmt.Sprintf("public, max-age=0, s-maxage=%d", seconds))
	}
}
