package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// newClients are one client that keeps up to so many connections to a server, and one that keeps none.
func newClients(connections int) map[bool]*http.Client {
	return map[bool]*http.Client{
		true: {Transport: &http.Transport{
			MaxIdleConnsPerHost: connections, IdleConnTimeout: time.Minute,
		}},
		false: {Transport: &http.Transport{DisableKeepAlives: true}},
	}
}

// Await asks until there is an answer, with no less than every between one request and the next. Where ctx ends before, it
// returns what was wrong with the last one.
func Await(ctx context.Context, every time.Duration, options Options) error {
	options = options.complete()
	client := newClients(1)[false]
	var last error
	if err := wait.PollUntilContextCancel(ctx, every, true, func(ctx context.Context) (bool, error) {
		last = ask(ctx, client, options)
		return last == nil, nil
	}); err != nil {
		return last
	}
	return nil
}

// ask makes one request in its time.
func ask(ctx context.Context, client *http.Client, options Options) error {
	ctx, cancel := context.WithTimeout(ctx, options.Timeout)
	defer cancel()
	if options.Ask != nil {
		return options.Ask(ctx, client)
	}
	return get(ctx, client, options.URL, options.Check)
}

// Get asks for a URL, for an Ask that has more to say than which. Any status but 200 is an error.
func Get(ctx context.Context, client *http.Client, url string) error {
	return get(ctx, client, url, checkStatus)
}

// get makes one request. An answer that breaks off is none.
func get(ctx context.Context, client *http.Client, url string, check func(int, []byte) error) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	return check(response.StatusCode, body)
}

func checkStatus(status int, _ []byte) error {
	if status != http.StatusOK {
		return fmt.Errorf("status %d", status)
	}
	return nil
}

// outcome is the reason why a request is lost, in words that requests lost for the same reason share; "" for none.
func outcome(kept bool, err error) string {
	if err == nil {
		return ""
	}
	connection := "fresh"
	if kept {
		connection = "kept"
	}
	return fmt.Sprintf("%s connection: %s", connection, reason(err))
}

// reason leaves out ports, which differ from one connection to the next.
func reason(err error) string {
	var network *net.OpError
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "no answer in time"
	case errors.As(err, &network):
		return network.Op + ": " + network.Err.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "closed before the answer was complete"
	}
	return err.Error()
}
