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
	// Program is the directory of the Pulumi program. Default, this checkout's.
	Program string
	// Output is where pulumi writes as it goes.
	Output io.Writer
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
}

// Secrets are the secret values of the stack's configuration.
type Secrets struct{ KeySeed, DatabasePassword string }

// defaultVpc is what Pulumi.yaml says; the lab needs it to know where the twin connects the mirror.
const defaultVpc = "172.31.0.0/20"

// Prepare makes everything a lab needs before its first machine: the Docker engine, the tools, the mirror, the machine
// image, and the configured stack. What exists is left alone.
func Prepare(ctx context.Context, options Options) (*Lab, error) {
	if options.Name == "" {
		options.Name = DefaultName
	}
	if options.VpcCidr == "" {
		options.VpcCidr = defaultVpc
	}
	if options.Program == "" {
		program, err := toolchain.Source("..", "..")
		if err != nil {
			return nil, err
		}
		options.Program = program
	}
	dir, err := stateDir(options.Name)
	if err != nil {
		return nil, err
	}
	lab := &Lab{Name: options.Name, Dir: dir, options: options}
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
		Program: options.Program, Dir: filepath.Join(dir, "pulumi"), Output: options.Output,
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

// secret makes a secret up when the lab is new. A copy beside the stack lets tests look for it where it must not be.
func (l *Lab) secret(ctx context.Context, key string) (string, error) {
	path := filepath.Join(l.Dir, "secrets", key)
	known, err := os.ReadFile(path)
	if err == nil {
		return string(known), nil
	}
	if !os.IsNotExist(err) {
		return "", err
	}
	random := make([]byte, 33)
	if _, err := rand.Read(random); err != nil {
		return "", err
	}
	value := base64.RawURLEncoding.EncodeToString(random)
	if err := l.Stack.SetSecret(ctx, key, value); err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	return value, os.WriteFile(path, []byte(value), 0o600)
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
