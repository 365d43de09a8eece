package images

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/client"

	"ecommerce-platform/tests/lab/docker"
	"ecommerce-platform/tests/lab/toolchain"
)

// Prefix begins the name of every image of the lab in the Docker engine.
const Prefix = "lab-"

// stale is how old an image is that goes when another one takes its name, if no container has it.
const stale = 24 * time.Hour

// made remembers tags within a process, so that asking for an image twice costs nothing.
var made sync.Map

// Build makes the image unless the Docker engine has it and returns its tag, which names its content.
func (i Image) Build(ctx context.Context) (string, error) {
	if tag, ok := made.Load(i.Name); ok {
		return tag.(string), nil
	}
	tag, err := i.make(ctx)
	if err == nil {
		made.Store(i.Name, tag)
	}
	return tag, err
}

func (i Image) make(ctx context.Context) (string, error) {
	inputs, err := i.inputs(ctx)
	if err != nil {
		return "", fmt.Errorf("image %s: %w", i.Name, err)
	}
	if present(ctx, inputs.tag) {
		return inputs.tag, nil
	}
	unlock, err := toolchain.Lock(ctx, "image-"+i.Name)
	if err != nil {
		return "", err
	}
	defer unlock()
	if present(ctx, inputs.tag) {
		return inputs.tag, nil
	}
	done := toolchain.Step("making image " + i.Name)
	err = i.build(ctx, inputs)
	done(err)
	if err == nil {
		err = retire(ctx, inputs.tag)
	}
	if err != nil {
		return "", fmt.Errorf("image %s: %w", i.Name, err)
	}
	return inputs.tag, nil
}

// retire removes older images of a name.
func retire(ctx context.Context, tag string) error {
	name, _, _ := strings.Cut(tag, ":")
	return docker.Call(ctx, "removing older images of "+name, func(ctx context.Context, engine *client.Client) error {
		found, err := engine.ImageList(ctx, client.ImageListOptions{Filters: client.Filters{}.Add("reference", name)})
		if err != nil {
			return err
		}
		for _, image := range found.Items {
			if slices.Contains(image.RepoTags, tag) || time.Since(time.Unix(image.Created, 0)) < stale {
				continue
			}
			for _, other := range image.RepoTags {
				// Without force the engine keeps what a container runs or an image builds on.
				_, _ = engine.ImageRemove(ctx, other, client.ImageRemoveOptions{PruneChildren: true})
			}
		}
		return nil
	})
}

// Clean removes all images of the lab.
func Clean(ctx context.Context) error {
	return docker.Call(ctx, "removing the lab's images", func(ctx context.Context, engine *client.Client) error {
		found, err := engine.ImageList(ctx, client.ImageListOptions{Filters: client.Filters{}.Add("reference", Prefix+"*")})
		if err != nil {
			return err
		}
		for _, image := range found.Items {
			// With force, since an image may have several names.
			if _, err := engine.ImageRemove(ctx, image.ID, client.ImageRemoveOptions{Force: true, PruneChildren: true}); docker.Gone(err) != nil {
				return err
			}
		}
		return nil
	})
}

// inputs is everything that an image is made of.
type inputs struct {
	tag, base, source string
	tools, trees      map[string]string // name in the build context -> path
}

func (i Image) inputs(ctx context.Context) (inputs, error) {
	in := inputs{tools: map[string]string{}, trees: map[string]string{}}
	var err error
	if !i.Scratch {
		if in.base, err = base(ctx, cmp.Or(i.Suite, suite)); err != nil {
			return in, err
		}
	}
	dir := i.Dir
	if dir == "" {
		dir = i.Name
	}
	if in.source, err = toolchain.Source("images", dir); err != nil {
		return in, err
	}
	tree, err := toolchain.TreeKey(in.source)
	if err != nil {
		return in, err
	}
	parts := []string{in.base, tree}
	for _, name := range slices.Sorted(maps.Keys(i.Tools)) {
		if in.tools[name], err = toolchain.Tool(ctx, i.Tools[name]); err != nil {
			return in, err
		}
		// The path of a tool has the key of its build in it.
		parts = append(parts, name, filepath.Base(filepath.Dir(in.tools[name])))
	}
	for _, name := range slices.Sorted(maps.Keys(i.Trees)) {
		t := i.Trees[name]
		module, err := toolchain.ModuleDir(ctx, t.Pin, t.Module)
		if err != nil {
			return in, err
		}
		in.trees[name] = filepath.Join(module, t.Dir)
		parts = append(parts, name, filepath.Base(module), t.Dir)
	}
	for _, name := range slices.Sorted(maps.Keys(i.Args)) {
		parts = append(parts, name, i.Args[name])
	}
	in.tag = Prefix + i.Name + ":" + toolchain.Key(parts...)
	return in, nil
}

// build lays out the context and runs docker build in it.
func (i Image) build(ctx context.Context, in inputs) error {
	cache, err := toolchain.CacheDir()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(cache, "context-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := copyTree(in.source, dir); err != nil {
		return err
	}
	for name, from := range in.tools {
		to := filepath.Join(dir, "bin", name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := toolchain.Link(from, to); err != nil {
			return err
		}
	}
	for name, from := range in.trees {
		if err := copyTree(from, filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	args := map[string]string{}
	maps.Copy(args, i.Args)
	if in.base != "" {
		args["BASE"] = in.base
	}
	return build(ctx, dir, in.tag, args)
}

// build runs docker build with the host's network, where package mirrors are reached as the host reaches them.
func build(ctx context.Context, dir, tag string, args map[string]string) error {
	command := []string{"docker", "build", "--quiet", "--network", "host", "--label", "ecommerce-platform=lab", "--tag", tag}
	for _, name := range slices.Sorted(maps.Keys(args)) {
		command = append(command, "--build-arg", name+"="+args[name])
	}
	for _, variable := range Proxies() {
		command = append(command, "--build-arg", variable)
	}
	command = append(command, dir)
	// The classic builder is the one that every engine since 20.10 has.
	_, err := toolchain.Command{Env: []string{"DOCKER_BUILDKIT=0"}, Args: command}.Output(ctx)
	return err
}

// present reports whether the Docker engine has an image.
func present(ctx context.Context, tag string) bool {
	return docker.Call(ctx, "looking for "+tag, func(ctx context.Context, engine *client.Client) error {
		_, err := engine.ImageInspect(ctx, tag)
		return err
	}) == nil
}

// copyTree copies files, directories and symbolic links; what it makes is writable, unlike the module cache.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		switch {
		case entry.IsDir():
			return os.MkdirAll(target, 0o755)
		case entry.Type() == fs.ModeSymlink:
			value, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return os.Symlink(value, target)
		}
		if err := toolchain.Copy(path, target); err != nil {
			return err
		}
		info, err := os.Stat(target)
		if err != nil {
			return err
		}
		return os.Chmod(target, info.Mode().Perm()|0o200)
	})
}
