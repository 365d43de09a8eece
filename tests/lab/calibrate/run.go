package calibrate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"ecommerce-platform/tests/lab/controlplane"
	"ecommerce-platform/tests/lab/toolchain"
)

// Options say which scenarios are tried.
type Options struct {
	// First is the seed of the first one, and Cases how many there are. Default, 1 and 1000.
	First, Cases uint64
	// Document is the file that is written once all are known.
	Document string
	Out      io.Writer
}

// parallel is how many scenarios share the control plane at a time.
const parallel = 16

// Run tries the scenarios that no earlier run of the same pack and the same generator has, and writes the document. An error tells of
// targets missed as well.
func Run(ctx context.Context, options Options) error {
	command, err := toolchain.Verdict(ctx)
	if err != nil {
		return err
	}
	path, err := resultsFile(command)
	if err != nil {
		return err
	}
	known, err := openResults(path)
	if err != nil {
		return err
	}
	defer func() { _ = known.file.Close() }()
	var seeds, left []uint64
	for seed := options.First; seed < options.First+options.Cases; seed++ {
		seeds = append(seeds, seed)
		if _, tried := known.known[seed]; !tried {
			left = append(left, seed)
		}
	}
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(options.Out, format+"\n", args...) }
	say("seeds %d to %d, of which %d are known; results go to %s", options.First, options.First+options.Cases-1, len(seeds)-len(left), path)
	err = tryAll(ctx, command, left, func(result Result) error {
		if !result.agree() {
			say("%s", result)
		}
		return known.add(result)
	})
	if err != nil {
		return err
	}
	m := count(seeds, known.known)
	text, err := document(options, command, m)
	if err != nil {
		return err
	}
	if err := os.WriteFile(options.Document, []byte(text), 0o644); err != nil {
		return err
	}
	say("%s\nwritten to %s", m.table().Text(), options.Document)
	return m.missed()
}

// resultsFile is named after all that decides what a result is.
func resultsFile(command string) (string, error) {
	cache, err := toolchain.CacheDir()
	if err != nil {
		return "", err
	}
	source, err := toolchain.Source("calibrate")
	if err != nil {
		return "", err
	}
	tree, err := toolchain.TreeKey(source)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "calibration")
	return filepath.Join(dir, toolchain.Key(filepath.Base(filepath.Dir(command)), tree)[:12]+".jsonl"), os.MkdirAll(dir, 0o755)
}

// One tries a single scenario and says all about it.
func One(ctx context.Context, seed uint64, out io.Writer) error {
	command, err := toolchain.Verdict(ctx)
	if err != nil {
		return err
	}
	return tryAll(ctx, command, []uint64{seed}, func(result Result) error {
		_, err := fmt.Fprintf(out, "%s\n%s\n", generate(seed).describe(), result)
		return err
	})
}

// tryAll tries scenarios on a control plane of its own, several at a time.
func tryAll(ctx context.Context, command string, seeds []uint64, tell func(Result) error) (err error) {
	if len(seeds) == 0 {
		return nil
	}
	dir, err := os.MkdirTemp("", "calibrate-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	cluster, err := controlplane.RunWithoutKubelets(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cluster.Stop()) }()
	return tryOn(ctx, cluster.Kubeconfig, command, seeds, tell)
}

// tryOn tries scenarios on a control plane that runs.
func tryOn(ctx context.Context, kubeconfig, command string, seeds []uint64, tell func(Result) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	p, err := startPack(ctx, command)
	if err != nil {
		return err
	}
	defer func() { _ = p.stop() }()
	r, err := connect(ctx, kubeconfig)
	if err != nil {
		return err
	}
	next := make(chan uint64)
	var workers sync.WaitGroup
	for range min(parallel, len(seeds)) {
		workers.Go(func() {
			for seed := range next {
				result, err := judge(ctx, p, r, seed)
				if err == nil {
					err = tell(result)
				}
				if err != nil {
					stop(err)
					return
				}
			}
		})
	}
	for _, seed := range seeds {
		select {
		case next <- seed:
		case <-ctx.Done():
		}
	}
	close(next)
	workers.Wait()
	return context.Cause(ctx)
}
