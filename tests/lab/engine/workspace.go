// Package engine drives the real Pulumi CLI on the real program as a person does, with a backend, stacks, a passphrase
// and plugins of its own: the user's login, stacks and plugins are neither used nor touched.
package engine

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"ecommerce-platform/tests/lab/toolchain"
)

// Options say where a workspace lies and what it runs.
type Options struct {
	// Program is the directory of the program's Pulumi.yaml.
	Program string
	// Dir keeps the backend, the stacks' config and the passphrase from one run to the next.
	Dir string
	// Env are additional variables of the CLI, and so of the program and the providers.
	Env []string
	// Machines says that the account has machines, on which commands run.
	Machines bool
	// Output is where the CLI writes as it goes; the display is interactive where Output is a terminal. Default, nowhere.
	Output io.Writer
}

// Workspace is a program with its stacks.
type Workspace struct {
	options Options
	// project is the program's name, which prefixes its config keys.
	project string
	cli     string
	// env is all that the CLI gets: this process's own variables, without those that speak of the user's Pulumi.
	env []string
}

// New opens a workspace, making what it lacks.
func New(ctx context.Context, options Options) (*Workspace, error) {
	w := &Workspace{options: options}
	description, err := os.ReadFile(filepath.Join(options.Program, "Pulumi.yaml"))
	if err != nil {
		return nil, err
	}
	var project struct{ Name string }
	if err := yaml.Unmarshal(description, &project); err != nil {
		return nil, fmt.Errorf("%s/Pulumi.yaml: %w", options.Program, err)
	}
	w.project = project.Name
	for _, dir := range []string{"backend", "stacks"} {
		if err := os.MkdirAll(filepath.Join(options.Dir, dir), 0o700); err != nil {
			return nil, err
		}
	}
	// `stack init` writes the stack's file beside Pulumi.yaml, and the checkout is not the place for it.
	if err := os.WriteFile(filepath.Join(options.Dir, "stacks", "Pulumi.yaml"), description, 0o600); err != nil {
		return nil, err
	}
	passphrase, err := w.passphrase()
	if err != nil {
		return nil, err
	}
	home, env, err := toolchain.PulumiHome(ctx, options.Machines)
	if err != nil {
		return nil, err
	}
	w.cli = filepath.Join(home, "bin", "pulumi")
	w.env = slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return strings.HasPrefix(variable, "PULUMI_") || strings.HasPrefix(variable, "TWIN_")
	})
	w.env = append(w.env, env...)
	w.env = append(w.env,
		// The program is compiled as everything else here.
		"CGO_ENABLED=0",
		// Without metadata, which the backend writes in place: a kill in the middle of that makes the state unreadable.
		"PULUMI_BACKEND_URL=file://"+filepath.Join(options.Dir, "backend")+"?metadata=skip",
		"PULUMI_CONFIG_PASSPHRASE_FILE="+passphrase,
		// Lists --event-log.
		"PULUMI_DEBUG_COMMANDS=true",
		// The lab's stacks are nobody's history; checkpoints of one update are enough.
		"PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS=true",
	)
	w.env = append(w.env, options.Env...)
	return w, nil
}

// passphrase returns the file that holds it, made up when the workspace is new.
func (w *Workspace) passphrase() (string, error) {
	path := filepath.Join(w.options.Dir, "passphrase")
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return path, err
	}
	random := make([]byte, 32)
	if _, err := rand.Read(random); err != nil {
		return "", err
	}
	return path, os.WriteFile(path, []byte(hex.EncodeToString(random)), 0o600)
}

// Stack is one deployment of the program.
type Stack struct {
	Name      string
	workspace *Workspace
}

// Stack returns the stack of that name, making it if it is new.
func (w *Workspace) Stack(ctx context.Context, name string) (*Stack, error) {
	s := &Stack{name, w}
	if _, err := os.Stat(s.configFile()); !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	_, err := w.run(ctx, call{dir: w.stacks(), args: []string{"stack", "init", "--no-select", "--stack", name}})
	return s, err
}

func (w *Workspace) stacks() string { return filepath.Join(w.options.Dir, "stacks") }

// Selected is where the pulumi command finds the stack without being told its name: a directory and an environment.
type Selected struct {
	Dir string
	Env []string
}

// Selected is for commands that call pulumi by themselves.
func (s *Stack) Selected() Selected {
	path := "PATH=" + filepath.Dir(s.workspace.cli) + string(os.PathListSeparator) + os.Getenv("PATH")
	return Selected{s.workspace.stacks(), append(slices.Clone(s.workspace.env), path, "PULUMI_STACK="+s.Name)}
}

func (s *Stack) configFile() string {
	return filepath.Join(s.workspace.stacks(), "Pulumi."+s.Name+".yaml")
}

// Remove forgets the stack, which must hold no resources any more.
func (s *Stack) Remove(ctx context.Context) error {
	_, err := s.workspace.run(ctx, call{
		dir: s.workspace.stacks(), args: []string{"stack", "rm", "--yes", "--stack", s.Name},
	})
	return err
}

// Configure makes values, over what the checkout's file of the stack named base says, the stack's plain config; secrets
// stay as they were set. Of an object there, what it does not name stays. A nil value unsets a key of base, and no base is an
// empty one. Keys without a colon belong to the program.
func (s *Stack) Configure(base string, values map[string]any) error {
	file, err := readStackFile(s.configFile())
	if err != nil {
		return err
	}
	config := map[string]any{}
	if base != "" {
		checkedIn, err := readStackFile(filepath.Join(s.workspace.options.Program, "Pulumi."+base+".yaml"))
		if err != nil {
			return err
		}
		maps.Copy(config, checkedIn.config())
	}
	for key, value := range values {
		if key = s.workspace.key(key); value == nil {
			delete(config, key)
		} else {
			config[key] = Overlaid(config[key], value)
		}
	}
	for key, value := range file.config() {
		if secret, ok := value.(map[string]any); ok && secret["secure"] != nil {
			config[key] = value
		}
	}
	file["config"] = config
	body, err := yaml.Marshal(file)
	if err != nil {
		return err
	}
	return os.WriteFile(s.configFile(), body, 0o600)
}

// SetSecret sets an encrypted config value. It reaches the CLI on standard input, where no process listing shows it.
func (s *Stack) SetSecret(ctx context.Context, key, value string) error {
	_, err := s.workspace.run(ctx, call{
		dir: s.workspace.options.Program, stdin: value,
		args: []string{
			"config", "set", "--secret", "--stack", s.Name, "--config-file", s.configFile(), "--", s.workspace.key(key),
		},
	})
	return err
}

// Overlaid is value, and of an object what it leaves of the one below.
func Overlaid(below, value any) any {
	under, isObject := below.(map[string]any)
	over, overObject := value.(map[string]any)
	if !isObject || !overObject {
		return value
	}
	merged := maps.Clone(under)
	maps.Copy(merged, over)
	return merged
}

// HasConfig is whether the stack sets the key itself.
func (s *Stack) HasConfig(key string) (bool, error) {
	value, err := s.Config(key)
	return value != nil, err
}

// Config is what the stack sets a key to, or nil.
func (s *Stack) Config(key string) (any, error) {
	file, err := readStackFile(s.configFile())
	return file.config()[s.workspace.key(key)], err
}

func (w *Workspace) key(name string) string {
	if strings.Contains(name, ":") {
		return name
	}
	return w.project + ":" + name
}

// stackFile is a Pulumi.<stack>.yaml, of which only config matters here.
type stackFile map[string]any

func (f stackFile) config() map[string]any {
	config, _ := f["config"].(map[string]any)
	return config
}

func readStackFile(path string) (stackFile, error) {
	body, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	file := stackFile{}
	if err := yaml.Unmarshal(body, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return file, nil
}
