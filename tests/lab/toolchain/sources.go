package toolchain

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Sources is where the programs, packages and images come from that the platform is made of.
type Sources string

const (
	// Official is what users on AWS get: the releases, packages and images that their projects publish.
	Official Sources = "official"
	// Modules is built on this machine: programs from their Go modules, packages and images from those and from Debian's.
	Modules Sources = "modules"
)

// sourcesVariable forces the choice.
const sourcesVariable = "LAB_SOURCES"

// reachable is how long a service that publishes something may take to answer.
const reachable = 5 * time.Second

var (
	sourcesLock sync.Mutex
	sources     = Modules
)

// Current is what this process takes everything from: Modules, unless ChooseSources or UseSources said otherwise.
func Current() Sources {
	sourcesLock.Lock()
	defer sourcesLock.Unlock()
	return sources
}

// UseSources decides for this process.
func UseSources(s Sources) {
	sourcesLock.Lock()
	defer sourcesLock.Unlock()
	sources = s
}

// ChooseSources decides for this process as LAB_SOURCES says, else as was decided on this machine before, else by asking every
// service that publishes something, and says what it decided.
func ChooseSources(ctx context.Context) error {
	cache, err := CacheDir()
	if err != nil {
		return err
	}
	remembered := filepath.Join(cache, "sources")
	from := sourcesVariable
	chosen, why := Sources(os.Getenv(sourcesVariable)), "as "+sourcesVariable+" says"
	if chosen == "" {
		text, err := os.ReadFile(remembered)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		from = remembered
		chosen, why = Sources(strings.TrimSpace(string(text))), "as "+remembered+" remembers; "+sourcesVariable+" forces the other"
	}
	switch chosen {
	case Official, Modules:
	case "":
		chosen, why = Official, "every public source answers"
		if err := publicSourcesAnswer(ctx); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			chosen, why = Modules, fmt.Sprintf("%v; remembered, %s=%s forces the other", err, sourcesVariable, Official)
		}
		if err := os.WriteFile(remembered, []byte(chosen+"\n"), 0o644); err != nil {
			return err
		}
	default:
		return fmt.Errorf("%s %q: must be %s or %s", from, chosen, Official, Modules)
	}
	_, _ = fmt.Fprintf(Progress, "sources: %s (%s)\n", chosen, why)
	UseSources(chosen)
	return nil
}

// publicSourcesAnswer asks every service for something that only it has: a proxy's own page is no answer.
func publicSourcesAnswer(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, reachable)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	for _, u := range upstreams {
		group.Go(func() error { return u.answers(ctx) })
	}
	return group.Wait()
}

// answers asks for the service's probe, and of a registry whether it is one.
func (u upstream) answers(ctx context.Context) error {
	base, err := Upstream(u.host)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, base+u.probe, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("%s does not answer", u.host)
	}
	_ = response.Body.Close()
	switch {
	case u.probe == registryProbe:
		// Distribution's API: anonymous clients are told to fetch a token.
		if response.StatusCode == http.StatusUnauthorized || response.StatusCode == http.StatusOK &&
			strings.HasPrefix(response.Header.Get("Docker-Distribution-Api-Version"), "registry/2") {
			return nil
		}
	case response.StatusCode == http.StatusOK:
		return nil
	}
	return fmt.Errorf("%s answers %s", u.host, response.Status)
}
