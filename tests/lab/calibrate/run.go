// Package calibrate holds the preview's verdict against reality: what the policy pack says of generated stacks and changes, and what a
// real API server, controllers and scheduler do.
package calibrate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"ecommerce-platform/cluster/versions"
	"ecommerce-platform/tests/lab/calibrate/trial"
	"ecommerce-platform/tests/lab/controlplane"
	"ecommerce-platform/tests/lab/toolchain"
)

// Options say which scenarios are tried.
type Options struct {
	// Parts are those of which scenarios are tried, and Cases how many of each. Default, each part's own number.
	Parts []Part
	Cases uint64
	// Document is the file that is written once all are known.
	Document string
	Out      io.Writer
}

// parallel is how many scenarios share the control plane at a time.
const parallel = 16

// Run holds the pack against every scenario and writes the document. What an earlier run has seen of the same scenarios counts, and what
// the same pack has said of them. An error tells of targets missed as well.
func Run(ctx context.Context, options Options) error {
	command, err := toolchain.Verdict(ctx)
	if err != nil {
		return err
	}
	seenFile, toldFile, err := files(command)
	if err != nil {
		return err
	}
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(options.Out, format+"\n", args...) }
	sections := map[string]string{}
	var missed []error
	for _, part := range options.Parts {
		seeds := part.seeds(cmp.Or(options.Cases, part.Cases))
		say("%s: seeds %d to %d; what is seen goes to %s", part.Name, seeds[0], seeds[len(seeds)-1], seenFile)
		results, err := judgeAll(ctx, command, seenFile, toldFile, seeds, func(result Result) {
			if !result.agree() {
				say("%s", result)
			}
		})
		if err != nil {
			return err
		}
		m := count(results)
		say("%s", m.table().Text())
		if sections[part.Name], err = m.section(part, command); err != nil {
			return err
		}
		if err := m.missed(); err != nil {
			missed = append(missed, fmt.Errorf("%s: %w", part.Name, err))
		}
	}
	before, err := os.ReadFile(options.Document)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.WriteFile(options.Document, []byte(document(string(before), sections)), 0o644); err != nil {
		return err
	}
	say("written to %s", options.Document)
	return errors.Join(missed...)
}

// files are named after all that decides what is seen, and what is told.
func files(command string) (seen, told string, err error) {
	cache, err := toolchain.CacheDir()
	if err != nil {
		return "", "", err
	}
	source, err := toolchain.Source("calibrate")
	if err != nil {
		return "", "", err
	}
	tries, err := toolchain.TreeKey(filepath.Join(source, "trial"))
	if err != nil {
		return "", "", err
	}
	compares, err := toolchain.TreeKey(source)
	if err != nil {
		return "", "", err
	}
	dir := filepath.Join(cache, "calibration")
	file := func(name string, parts ...string) string {
		return filepath.Join(dir, name+"-"+toolchain.Key(parts...)[:12]+".jsonl")
	}
	seen = file("seen", tries, versions.All.Kubernetes.New().Version)
	told = file("told", compares, filepath.Base(filepath.Dir(command)))
	return seen, told, os.MkdirAll(dir, 0o755)
}

// One tries a single scenario and says all about it.
func One(ctx context.Context, seed uint64, out io.Writer) error {
	command, err := toolchain.Verdict(ctx)
	if err != nil {
		return err
	}
	_, err = judgeAll(ctx, command, "", "", []uint64{seed}, func(result Result) {
		_, _ = fmt.Fprintf(out, "%s\n%s\n", trial.Generate(seed).Describe(), result)
	})
	return err
}

// run is what cases are judged with.
type run struct {
	packs   packs
	cluster *trial.Cluster
	seen    *store[seen]
	told    *store[told]
}

// judgeAll judges cases on a control plane of its own, several at a time, and returns the results in the order of the seeds. It keeps
// what is seen and told in files where those have names.
func judgeAll(ctx context.Context, command, seenFile, toldFile string, seeds []uint64, tell func(Result)) (results []Result, err error) {
	dir, err := os.MkdirTemp("", "calibrate-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	r := &run{}
	if r.seen, err = openStore[seen](seenFile); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.seen.close()) }()
	if r.told, err = openStore[told](toldFile); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.told.close()) }()
	real, err := controlplane.RunWithoutKubelets(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, real.Stop()) }()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	r.packs, err = startPacks(ctx, command)
	defer func() { r.packs.stop() }()
	if err != nil {
		return nil, err
	}
	if r.cluster, err = trial.Connect(ctx, real.Kubeconfig); err != nil {
		return nil, err
	}
	return r.all(ctx, stop, seeds, tell)
}

// all judges cases, several at a time; an error stops them.
func (r *run) all(ctx context.Context, stop context.CancelCauseFunc, seeds []uint64, tell func(Result)) ([]Result, error) {
	results := make([]Result, len(seeds))
	next := make(chan int)
	var workers sync.WaitGroup
	var telling sync.Mutex
	for range min(parallel, len(seeds)) {
		workers.Go(func() {
			for i := range next {
				result, err := r.judge(ctx, seeds[i])
				if err != nil {
					stop(err)
					return
				}
				results[i] = result
				telling.Lock()
				tell(result)
				telling.Unlock()
			}
		})
	}
	for i := range seeds {
		select {
		case next <- i:
		case <-ctx.Done():
		}
	}
	close(next)
	workers.Wait()
	return results, context.Cause(ctx)
}
