// Package platform brings the platform up on this machine as a person does on AWS: with the pulumi command, on the
// unmodified program. Only the stack's configuration and the provider behind it differ.
package platform

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"

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
	// Addresses are private addresses of nodes by name, where they differ from Pulumi.dev.yaml.
	Addresses map[string]string
	// Output is where pulumi writes as it goes.
	Output io.Writer

	// program is the directory of the Pulumi program: this checkout.
	program string
}

// Lab is the dev stack on a twin of its own.
type Lab struct {
	Name string
	// Dir keeps the stack's state and configuration and the twin's state.
	Dir   string
	Stack *engine.Stack
	// Secrets are the values that must show nowhere.
	Secrets Secrets

	options Options
	// release ends the lab's lock, which would end by itself if nothing held on to it.
	release func()
}

// Secrets are the secret values of the stack's configuration.
type Secrets struct{ KeySeed, DatabasePassword string }

// Prepare makes everything a lab needs before its first machine: the Docker engine, the tools, the mirror, the machine
// image, and the configured stack. What exists is left alone.
func Prepare(ctx context.Context, options Options) (*Lab, error) {
	if options.Name == "" {
		options.Name = DefaultName
	}
	var err error
	if options.program, err = toolchain.Source("..", ".."); err != nil {
		return nil, err
	}
	if options.VpcCidr == "" {
		if options.VpcCidr, err = defaultVpc(options.program); err != nil {
			return nil, err
		}
	}
	dir, err := stateDir(options.Name)
	if err != nil {
		return nil, err
	}
	lab := &Lab{Name: options.Name, Dir: dir, options: options}
	// Held as long as this process lives: nobody else works on the lab, so a lock of the stack is one that a killed run left.
	if lab.release, err = toolchain.Lock(ctx, "lab-"+options.Name); err != nil {
		return nil, err
	}
	if err := mirror.Build(ctx); err != nil {
		return nil, err
	}
	internet, err := mirror.Start(ctx, options.Name)
	if err != nil {
		return nil, err
	}
	image, err := images.Node.Build(ctx)
	if err != nil {
		return nil, err
	}
	workspace, err := engine.New(ctx, engine.Options{
		Program: options.program, Dir: filepath.Join(dir, "pulumi"), Output: options.Output,
		Env: []string{
			"TWIN_MODE=machine", "TWIN_NAME=" + options.Name, "TWIN_STATE=" + filepath.Join(dir, "twin"),
			"TWIN_IMAGE=" + image, "TWIN_MIRROR=" + internet,
		},
	})
	if err != nil {
		return nil, err
	}
	if lab.Stack, err = workspace.Stack(ctx, "dev"); err != nil {
		return nil, err
	}
	if err := lab.Stack.Unlock(ctx); err != nil {
		return nil, err
	}
	if err := lab.Set(ctx, nil); err != nil {
		return nil, err
	}
	return lab, lab.setSecrets(ctx)
}

func stateDir(name string) (string, error) {
	cache, err := toolchain.CacheDir()
	return filepath.Join(cache, "labs", name), err
}

// Set makes values the stack's configuration, over Pulumi.dev.yaml and over what a lab must set.
func (l *Lab) Set(ctx context.Context, values map[string]any) error {
	config, err := settings(ctx, l.options)
	if err != nil {
		return err
	}
	maps.Copy(config, values)
	return l.Stack.Configure("dev", config)
}

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
