package bringup

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// every is how often a URL is asked whether it answers.
const every = 100 * time.Millisecond

// answer tells on a channel when the URL first answers with a page, or that ctx ended before.
func answer(ctx context.Context, url string) <-chan time.Time {
	// A machine that is not there yet does not refuse: its address just does not answer.
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	answered := make(chan time.Time, 1)
	go func() {
		defer close(answered)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			if get(ctx, client, url) == nil {
				answered <- time.Now()
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
	}()
	return answered
}

func get(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %s", response.Status)
	}
	return nil
}
