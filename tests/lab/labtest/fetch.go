package labtest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Fetch is a request to the shop from this machine, as a client on the internet makes it.
func (l *Lab) Fetch(ctx context.Context, path string) (status int, header http.Header, body string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprint(l.Outputs["frontendUrl"])+path, nil)
	if err != nil {
		return 0, nil, "", err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return 0, nil, "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, response.Header, string(text), err
}
