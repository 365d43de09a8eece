// Package labtest brings a lab up for tests and looks into it: through the API server as the administrator, and on a
// machine as its serial console would.
package labtest

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"sync"

	"ecommerce-platform/tests/lab/images"
	"ecommerce-platform/tests/lab/mirror"
	"ecommerce-platform/tests/lab/platform"
	"ecommerce-platform/tests/lab/toolchain"
)

// Options choose a lab.
type Options struct {
	// Name prefixes and labels every Docker object.
	Name string
	// VpcCidr is the address block.
	VpcCidr string
	// Addresses are the nodes' by name. Default, those of Pulumi.dev.yaml moved into the block.
	Addresses map[string]string
	// Program is the directory of the Pulumi program. Default, this checkout.
	Program string
	// Mirror is what the lab's mirror serves, and with that the Debian of its machines.
	Mirror mirror.Options
	// Keep uses a lab that runs, and leaves it running.
	Keep bool
	// Attach looks at a lab that is up, and that another process works on.
	Attach bool
}

// Flags lets the command line of a test binary override options.
func Flags(options *Options) {
	flag.StringVar(&options.Name, "lab", options.Name, "name of the lab")
	flag.StringVar(&options.VpcCidr, "block", options.VpcCidr, "address block of the lab's VPC")
	flag.StringVar(&options.Program, "program", options.Program, "directory of the Pulumi program; this checkout if none")
	flag.Func("debian", "release of Debian that machines run, 12 or 13; 13 if none", func(text string) (err error) {
		options.Mirror.Debian, err = images.ParseDebian(text)
		return err
	})
	flag.BoolVar(&options.Keep, "keep", options.Keep, "leave the lab running for the next run, and use one that runs")
	flag.BoolVar(&options.Attach, "attach", options.Attach, "test a lab that is up as it is, while another process holds it")
}

// Lab is a lab under test.
type Lab struct {
	*platform.Lab
	// Outputs are the stack's since the last Connect, secrets in the clear.
	Outputs map[string]any
	// Log is all that pulumi printed.
	Log *Log

	options    Options
	kubectl    string
	kubeconfig string
}

// Open prepares a lab, without a machine in it yet; a lab that is not to be kept starts from nothing.
func Open(ctx context.Context, options Options) (*Lab, error) {
	if err := Down(ctx, options); err != nil {
		return nil, err
	}
	return Reopen(ctx, options)
}

// Down removes a lab, unless it is to be kept or another process's.
func Down(ctx context.Context, options Options) error {
	if options.Keep || options.Attach {
		return nil
	}
	return platform.Down(ctx, options.Name)
}

// Addresses are the nodes' private addresses by name.
func Addresses(options Options) (map[string]string, error) {
	return platform.Addresses(options.platform())
}

func (o Options) platform() platform.Options {
	return platform.Options{Name: o.Name, VpcCidr: o.VpcCidr, Addresses: o.Addresses, Program: o.Program, Mirror: o.Mirror}
}

// Reopen goes on with what there is of a lab, where another process worked on it before.
func Reopen(ctx context.Context, options Options) (*Lab, error) {
	l := &Lab{Log: &Log{}, options: options}
	var err error
	if l.kubectl, err = toolchain.Tool(ctx, "kubectl"); err != nil {
		return nil, err
	}
	prepare := options.platform()
	prepare.Output = io.MultiWriter(os.Stdout, l.Log)
	open := platform.Prepare
	if options.Attach {
		open = platform.Attach
	}
	if l.Lab, err = open(ctx, prepare); err != nil {
		return nil, err
	}
	return l, nil
}

// Close takes the lab down unless it is to be kept.
func (l *Lab) Close(ctx context.Context) error {
	var errs []error
	if l.kubeconfig != "" {
		errs = append(errs, os.Remove(l.kubeconfig))
	}
	errs = append(errs, Down(ctx, l.options))
	l.Lab.Close()
	return errors.Join(errs...)
}

// Connect reads the stack's outputs and makes kubectl use the kubeconfig among them; again where that was renewed.
func (l *Lab) Connect(ctx context.Context) error {
	outputs, err := l.Stack.Outputs(ctx)
	if err != nil {
		return err
	}
	l.Outputs = outputs
	text, _ := outputs["kubeconfig"].(string)
	if text == "" {
		return fmt.Errorf("stack %s: has no kubeconfig among its outputs", l.Stack.Name)
	}
	if l.kubeconfig == "" {
		file, err := os.CreateTemp(l.Dir, "kubeconfig-*")
		if err != nil {
			return err
		}
		if err := file.Close(); err != nil {
			return err
		}
		l.kubeconfig = file.Name()
	}
	return os.WriteFile(l.kubeconfig, []byte(text), 0o600)
}

// NodeNames are the nodes' names in order.
func (l *Lab) NodeNames() []string { return slices.Sorted(maps.Keys(l.Addresses)) }

// Log keeps what is written to it.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
