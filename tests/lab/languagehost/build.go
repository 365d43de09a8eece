package languagehost

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/gofrs/flock"
)

// program is an executable to run.
type program struct {
	path string
	// temporary is whether nobody needs it once it has run.
	temporary bool
	// lock keeps it the one that was built until it has been started. The original has none; the lab's tests start more
	// programs at a time than a person does.
	lock *flock.Flock
}

// build compiles the main package in dir with the original's settings. At target, if given, `go build` leaves the
// executable alone when nothing changed; without, it links it anew every time.
func build(ctx context.Context, dir, target string, stdout, stderr io.Writer) (*program, error) {
	if found, err := filepath.Glob(filepath.Join(dir, "*.go")); err != nil || len(found) == 0 {
		return nil, fmt.Errorf("program directory %q: holds no Go files", dir)
	}
	built, err := place(dir, target)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", built.path, "-trimpath", "-ldflags", "-w -s")
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, stdout, stderr
	if err := cmd.Run(); err != nil {
		built.end()
		return nil, fmt.Errorf("go build in %s: %w", dir, err)
	}
	if info, err := os.Stat(built.path); err != nil || info.Mode()&0o111 == 0 {
		built.end()
		return nil, fmt.Errorf("program directory %q: its package is not main", dir)
	}
	return built, nil
}

// place is where the executable of the program in dir goes.
func place(dir, target string) (*program, error) {
	if target == "" {
		file, err := os.CreateTemp("", "pulumi-go.*")
		if err != nil {
			return nil, err
		}
		return &program{path: file.Name(), temporary: true}, file.Close()
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join(dir, target)
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return nil, err
	}
	lock := flock.New(target + ".lock")
	if err := lock.Lock(); err != nil {
		return nil, fmt.Errorf("%s.lock: %w", target, err)
	}
	return &program{path: target, lock: lock}, nil
}

// release lets others build the program again.
func (p *program) release() {
	if p.lock != nil {
		_ = p.lock.Unlock() // the end of the host releases it in any case
	}
}

// end is for when the program is not needed any more.
func (p *program) end() {
	p.release()
	if p.temporary {
		_ = os.Remove(p.path) // no reason to fail: the program has run
	}
}
