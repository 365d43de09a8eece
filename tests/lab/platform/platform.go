// Package platform brings the platform up on this machine as a person does on AWS: with the pulumi command, on the
// unmodified program. Only the stack's configuration and the provider behind it differ.
package platform

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"

	"ecommerce-platform/tests/lab/docker"
	"ecommerce-platform/tests/lab/engine"
	"ecommerce-platform/tests/lab/images"
	"ecommerce-platform/tests/lab/machines"
	"ecommerce-platform/tests/lab/mirror"
	"ecommerce-platform/tests/lab/toolchain"
)

// DefaultName is the lab of `make up`.
const DefaultName = "ecommerce-platform"

// Options choose a lab. Labs with different names and VPCs live side by side.
type Options struct {
	// Name prefixes and labels every Docker object. Default, DefaultName.
	Name string
	// VpcCidr is the address block. Default, the one of Pulumi.yaml.
	VpcCidr string
	// Addresses are private addresses of nodes by name. Default, those of Pulumi.dev.yaml, or in another block the same
	// host parts there.
	Addresses map[string]string
	// Mirror is what the lab's mirror serves, and with that the Debian of its machines.
	Mirror mirror.Options
	// Output is where pulumi writes as it goes.
	Output io.Writer
	// Program is the directory of the Pulumi program. Default, this checkout.
	Program string
}

// Lab is the dev stack on a twin of its own.
type Lab struct {
	Name string
	// Dir keeps the stack's state and configuration and the twin's state.
	Dir   string
	Stack *engine.Stack
	// Addresses are the nodes' private addresses by name.
	Addresses map[string]string
	// Secrets are the values that must show nowhere.
	Secrets Secrets

	options Options
	// env is what the providers are told of the lab.
	env []string
	// release ends the lab's lock, which ends with this process at the latest.
	release func()
}

// Secrets are the secret values of the stack's configuration.
type Secrets struct{ KeySeed, DatabasePassword string }

// Prepare makes everything a lab needs before its first machine: the Docker engine, the tools, the mirror, the machine
// image, and the configured stack. What exists is left alone.
func Prepare(ctx context.Context, options Options) (*Lab, error) {
	lab, err := newLab(options)
	if err != nil {
		return nil, err
	}
	// Held as long as this process lives: nobody else works on the lab, so a lock of the stack is one that a killed run left.
	if lab.release, err = toolchain.Lock(ctx, "lab-"+lab.Name); err != nil {
		return nil, err
	}
	if err := lab.prepare(ctx); err != nil {
		lab.release()
		return nil, err
	}
	return lab, nil
}

// newLab is a lab of which only the names are known.
func newLab(options Options) (*Lab, error) {
	if options.Name == "" {
		options.Name = DefaultName
	}
	if err := options.complete(); err != nil {
		return nil, err
	}
	dir, err := stateDir(options.Name)
	return &Lab{
		Name: options.Name, Dir: dir, Addresses: maps.Clone(options.Addresses), options: options, release: func() {},
	}, err
}

// prepare makes what is missing of the lab, and configures its stack.
func (l *Lab) prepare(ctx context.Context) (err error) {
	if err := toolchain.RaiseLimits(ctx); err != nil {
		return err
	}
	if err := l.build(ctx); err != nil {
		return err
	}
	if _, err := mirror.Start(ctx, l.options.Name, l.options.Mirror); err != nil {
		return err
	}
	if l.env, err = l.environment(ctx); err != nil {
		return err
	}
	if l.Stack, err = l.StackOf(ctx, l.options.Program); err != nil {
		return err
	}
	if err := l.Recover(ctx); err != nil {
		return err
	}
	if err := l.Set(ctx, nil); err != nil {
		return err
	}
	return l.setSecrets(ctx)
}

// build makes the lab's programs and images, both at a time: one waits for the network where the other computes.
func (l *Lab) build(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if _, _, err := toolchain.PulumiHome(ctx, true); err != nil {
			return err
		}
		return toolchain.CompileProgram(ctx, l.options.Program)
	})
	group.Go(func() error { return mirror.Build(ctx, l.options.Mirror) })
	return group.Wait()
}

// complete fills in what the caller leaves to the program's own files.
func (o *Options) complete() (err error) {
	if o.Program == "" {
		if o.Program, err = toolchain.Source("..", ".."); err != nil {
			return err
		}
	}
	if o.VpcCidr == "" {
		if o.VpcCidr, err = defaultOf(o.Program, "vpcCidr"); err != nil {
			return err
		}
	}
	o.Mirror.Debian = cmp.Or(o.Mirror.Debian, images.Newest)
	o.Addresses, err = addresses(*o)
	return err
}

// Close lets another process work on the lab, which stays as it is.
func (l *Lab) Close() { l.release() }

func stateDir(name string) (string, error) {
	cache, err := toolchain.CacheDir()
	return filepath.Join(cache, "labs", name), err
}

// Set makes values the stack's configuration, over Pulumi.dev.yaml and over what a lab must set.
func (l *Lab) Set(ctx context.Context, values map[string]any) error {
	config, err := l.Settings(ctx)
	if err != nil {
		return err
	}
	for key, value := range values {
		config[key] = engine.Overlaid(config[key], value)
	}
	if err := l.Stack.Configure("dev", config); err != nil {
		return err
	}
	return l.serve(ctx)
}

// serve makes what only a stack with this configuration pulls.
func (l *Lab) serve(ctx context.Context) error {
	database, err := l.Stack.Config("postgres")
	if err != nil || !replicated(database) || toolchain.Current() != toolchain.Modules {
		return err
	}
	return mirror.Serve(ctx, images.CloudNativePG)
}

// replicated tells whether a stack asks for more than one database.
func replicated(database any) bool {
	settings, _ := database.(map[string]any)
	replicas, _ := settings["replicas"].(float64)
	return replicas > 1
}

// Settings is what a lab must set of the stack's configuration, for a test to change.
func (l *Lab) Settings(ctx context.Context) (map[string]any, error) { return settings(ctx, l.options) }

func (l *Lab) setSecrets(ctx context.Context) (err error) {
	for key, value := range map[string]*string{"keySeed": &l.Secrets.KeySeed, "databasePassword": &l.Secrets.DatabasePassword} {
		if *value, err = l.secret(ctx, key); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}

// secret makes a secret up when the lab is new. A copy beside the stack lets a run that was interrupted go on with the
// same one, and tests look for it where it must not be.
func (l *Lab) secret(ctx context.Context, key string) (string, error) {
	path := filepath.Join(l.Dir, "secrets", key)
	value, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		random := make([]byte, 33)
		if _, err := rand.Read(random); err != nil {
			return "", err
		}
		value = []byte(base64.RawURLEncoding.EncodeToString(random))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return "", err
		}
		err = os.WriteFile(path, value, 0o600)
	}
	if err != nil {
		return "", err
	}
	set, err := l.Stack.HasConfig(key)
	if err == nil && !set {
		err = l.Stack.SetSecret(ctx, key, string(value))
	}
	return string(value), err
}

// Down removes every container, network, volume and file of a lab, also where its state is damaged or gone. The cache of
// tools and images stays.
func Down(ctx context.Context, name string) error {
	if err := machines.Down(ctx, name); err != nil {
		return err
	}
	dir, err := stateDir(name)
	if err != nil {
		return err
	}
	return os.RemoveAll(dir)
}

// Up lists the labs of which the Docker engine has a container, running or not.
func Up(ctx context.Context) (labs []string, err error) {
	err = docker.Call(ctx, "looking for labs", func(ctx context.Context, engine *client.Client) error {
		found, err := engine.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: client.Filters{}.Add("label", "twin")})
		for _, container := range found.Items {
			labs = append(labs, container.Labels["twin"])
		}
		return err
	})
	slices.Sort(labs)
	return slices.Compact(labs), err
}
