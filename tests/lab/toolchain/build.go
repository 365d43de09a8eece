package toolchain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// flags of every build. Changing one makes everything compile anew.
var flags = []string{"build", "-mod=readonly", "-buildvcs=false", "-trimpath"}

// environment of every build: static binaries, and nothing from the user's Go settings that changes them.
var environment = []string{"CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off"}

// spacious is the memory from which on the compiler may take some for time, in KiB.
const spacious = 12 << 20

// haste lets the compiler collect its garbage less often, which takes a fifth of its time, where two of them have the memory.
func haste() []string {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return nil
	}
	var total int
	if _, err := fmt.Sscanf(string(text), "MemTotal: %d kB", &total); err != nil || total < spacious {
		return nil
	}
	return []string{"GOGC=400", "GOMEMLIMIT=4GiB"}
}

// resolved remembers paths within a process, so that asking for a tool twice costs nothing.
var resolved sync.Map

// Tool returns the path of a program, building it first if the cache does not have it, or fetching it where it is published and
// sources are Official.
func Tool(ctx context.Context, name string) (string, error) {
	from := Current()
	remembered := string(from) + " " + name
	if found, ok := resolved.Load(remembered); ok {
		return found.(string), nil
	}
	build := func() (string, error) {
		artifact, ok := Artifacts[name]
		if ok && from == Official && name != commandProvider {
			return published(ctx, name, artifact)
		}
		if pkg, ok := Own[name]; ok {
			return own(ctx, name, pkg)
		}
		pin, ok := find(name)
		if !ok {
			return "", fmt.Errorf("tool %q: not in the table of pins", name)
		}
		dir, err := pin.build(ctx)
		return filepath.Join(dir, name), err
	}
	binary, err := build()
	if err != nil {
		return "", err
	}
	resolved.Store(remembered, binary)
	return binary, nil
}

// build makes the directory that holds all binaries and files of a pin.
func (p Pin) build(ctx context.Context) (string, error) {
	cache, err := CacheDir()
	if err != nil {
		return "", err
	}
	source, err := Source("toolchain", "modules", p.Name)
	if err != nil {
		return "", err
	}
	key, err := p.key(ctx, source)
	if err != nil {
		return "", fmt.Errorf("tool %s: %w", p.Name, err)
	}
	dir := filepath.Join(cache, "bin", p.Name+"-"+key)
	if exists(dir) {
		return dir, Asked(dir, stalePin)
	}
	unlock, err := Lock(ctx, "build-"+p.Name)
	if err != nil {
		return "", err
	}
	defer unlock()
	if exists(dir) {
		return dir, nil
	}
	pins.Lock()
	defer pins.Unlock()
	done := Step(fmt.Sprintf("building %s %s (about %s cold)", p.Name, p.Version, p.Cold))
	err = Publish(dir, func(temporary string) error { return p.compile(ctx, source, temporary) })
	done(err)
	if err != nil {
		return "", fmt.Errorf("tool %s: %w", p.Name, err)
	}
	return dir, nil
}

// pins is held while one is compiled: that keeps all processors busy, and two would take twice the memory.
var pins sync.Mutex

// goBuild runs go build in a module.
func goBuild(ctx context.Context, dir string, args ...string) error {
	_, err := Command{Dir: dir, Env: slices.Concat(environment, haste()), Args: slices.Concat([]string{"go"}, flags, args)}.Output(ctx)
	return err
}

// compile runs one go build for all binaries of the pin and gives them their names.
func (p Pin) compile(ctx context.Context, source, out string) error {
	args := []string{"-ldflags", p.ldflags(), "-o", out + string(filepath.Separator)}
	if p.Main != "" {
		overlay, err := p.overlay(source)
		if err != nil {
			return err
		}
		defer func() { _ = os.Remove(overlay) }()
		args = append(args, "-overlay", overlay)
	}
	for _, b := range p.Binaries {
		args = append(args, b.Package)
	}
	if err := goBuild(ctx, source, args...); err != nil {
		return err
	}
	for _, b := range p.Binaries {
		if err := os.Rename(filepath.Join(out, b.built(p)), filepath.Join(out, b.Name)); err != nil {
			return err
		}
	}
	for _, f := range p.Files {
		module, err := moduleDir(ctx, source, f.Module)
		if err != nil {
			return err
		}
		if err := Copy(filepath.Join(module, f.Path), filepath.Join(out, f.Name)); err != nil {
			return err
		}
		// Files in the module cache are read-only.
		if err := os.Chmod(filepath.Join(out, f.Name), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// overlay writes the file that makes the go command see the pin's main package in the directory of its module.
func (p Pin) overlay(source string) (string, error) {
	files, err := filepath.Glob(filepath.Join(filepath.Dir(source), p.Main, "*.go"))
	if err != nil {
		return "", err
	}
	var seen struct{ Replace map[string]string }
	seen.Replace = map[string]string{}
	for _, file := range files {
		seen.Replace[filepath.Join(source, filepath.Base(file))] = file
	}
	text, err := json.Marshal(seen)
	if err != nil {
		return "", err
	}
	file, err := os.CreateTemp("", "overlay-*.json")
	if err != nil {
		return "", err
	}
	_, err = file.Write(text)
	return file.Name(), errors.Join(err, file.Close())
}

var majorSuffix = regexp.MustCompile(`^v[0-9]+$`)

// built is the name that go build gives a package's binary.
func (b Binary) built(p Pin) string {
	if b.Package == "." {
		return p.Name
	}
	if base := path.Base(b.Package); !majorSuffix.MatchString(base) {
		return base
	}
	return path.Base(path.Dir(b.Package))
}

func (p Pin) ldflags() string {
	words := []string{"-s", "-w"}
	for _, stamp := range p.Stamps {
		words = append(words, "-X", stamp)
	}
	return strings.Join(words, " ")
}

// ModuleDir is the source tree of a module in the build list of one of those below modules/.
func ModuleDir(ctx context.Context, list, module string) (string, error) {
	source, err := Source("toolchain", "modules", list)
	if err != nil {
		return "", err
	}
	return moduleDir(ctx, source, module)
}

func moduleDir(ctx context.Context, source, module string) (string, error) {
	// Downloading is a no-op when the module cache has it, and list alone says nothing when it has not.
	if _, err := (Command{Dir: source, Env: environment, Args: []string{"go", "mod", "download", module}}).Output(ctx); err != nil {
		return "", err
	}
	out, err := Command{Dir: source, Env: environment, Args: []string{"go", "list", "-m", "-f", "{{.Dir}}", module}}.Output(ctx)
	return strings.TrimSpace(out), err
}
