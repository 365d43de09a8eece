package web

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"time"
)

// requestHeader carries the name of a request from the frontend to the log of every tier, and back to the client.
const requestHeader = "X-Request-Id"

var validID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

// request is what the handlers know of the request in hand.
type request struct {
	id     string
	status int
	err    error // what the client is not told
}

type requestKey struct{}

func current(ctx context.Context) *request {
	found, _ := ctx.Value(requestKey{}).(*request)
	return found
}

func requestID(ctx context.Context) string { return current(ctx).id }

// note keeps an error for the log.
func note(ctx context.Context, err error) {
	r := current(ctx)
	r.err = errors.Join(r.err, err)
}

// identify gives each request its name, a line in the log and a place in the counts.
func (s *Shop) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		known := &request{id: r.Header.Get(requestHeader)}
		if !validID.MatchString(known.id) {
			known.id = rand.Text()
		}
		w.Header().Set(requestHeader, known.id)
		named := r.WithContext(context.WithValue(r.Context(), requestKey{}, known))
		next.ServeHTTP(&recorder{w, known}, named)
		took := time.Since(started)

		probe := r.URL.Path == "/healthz" || r.URL.Path == "/readyz"
		if !probe {
			s.Meter.Answered(named.Pattern, known.status, took)
		}
		level := slog.LevelInfo
		switch {
		case known.status >= http.StatusInternalServerError:
			level = slog.LevelError
		case probe:
			level = slog.LevelDebug
		}
		attributes := []slog.Attr{
			slog.String("request", known.id), slog.String("method", r.Method), slog.String("path", r.URL.Path),
			slog.Int("status", known.status), slog.Duration("took", took),
		}
		if known.err != nil {
			attributes = append(attributes, slog.Any("error", known.err))
		}
		s.Log.LogAttrs(r.Context(), level, "request", attributes...)
	})
}

// recorder notes the status of the answer.
type recorder struct {
	http.ResponseWriter
	request *request
}

func (r *recorder) WriteHeader(status int) {
	if r.request.status == 0 {
		r.request.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
