package toolchain

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// Progress is where long steps say what they do; tests of quiet callers replace it.
var Progress io.Writer = os.Stderr

// reminder is how often a running step says that it still runs.
const reminder = 30 * time.Second

// Step says that a long piece of work begins, reminds of it while it runs, and says how it ended when the
// returned function is called.
func Step(what string) func(error) {
	start := time.Now()
	var mu sync.Mutex
	say := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = fmt.Fprintf(Progress, format+"\n", args...)
	}
	elapsed := func() time.Duration { return time.Since(start).Round(time.Second) }
	say("%s...", what)
	ticker := time.NewTicker(reminder)
	stop := make(chan struct{})
	go func() {
		for {
			select {
			case <-ticker.C:
				say("%s... %s", what, elapsed())
			case <-stop:
				return
			}
		}
	}()
	var once sync.Once
	return func(err error) {
		once.Do(func() {
			ticker.Stop()
			close(stop)
			if err != nil {
				say("%s: failed after %s", what, elapsed())
				return
			}
			say("%s: done in %s", what, elapsed())
		})
	}
}

// stepIfSlow is Step for work that mostly is over before a person would ask what goes on.
func stepIfSlow(what string, patience time.Duration) func(error) {
	var mu sync.Mutex
	ended := false
	var done func(error)
	timer := time.AfterFunc(patience, func() {
		mu.Lock()
		defer mu.Unlock()
		if !ended {
			done = Step(what)
		}
	})
	return func(err error) {
		timer.Stop()
		mu.Lock()
		defer mu.Unlock()
		ended = true
		if done != nil {
			done(err)
		}
	}
}
