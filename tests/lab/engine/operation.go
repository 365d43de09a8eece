package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
)

// Preview shows what Up would do. It needs neither machines nor an API server.
func (s *Stack) Preview(ctx context.Context, flags ...string) (*Result, error) {
	return s.operate(ctx, "preview", flags)
}

// Up deploys the program.
func (s *Stack) Up(ctx context.Context, flags ...string) (*Result, error) {
	return s.operate(ctx, "up", append([]string{"--yes", "--skip-preview"}, flags...))
}

// Refresh reads what is there into the state.
func (s *Stack) Refresh(ctx context.Context, flags ...string) (*Result, error) {
	if !slices.Contains(flags, "--preview-only") {
		flags = append([]string{"--yes", "--skip-preview"}, flags...)
	}
	return s.operate(ctx, "refresh", flags)
}

// Destroy deletes everything that the stack holds.
func (s *Stack) Destroy(ctx context.Context, flags ...string) (*Result, error) {
	return s.operate(ctx, "destroy", append([]string{"--yes", "--skip-preview"}, flags...))
}

// Forget takes a resource and all that depend on it out of the state, and leaves what they stand for alone.
func (s *Stack) Forget(ctx context.Context, urn string) error {
	_, err := s.workspace.run(ctx, call{
		dir: s.workspace.stacks(), args: []string{"state", "delete", "--stack", s.Name, "--yes", "--target-dependents", urn},
	})
	return err
}

// operate runs an operation with the stack's config and reads the engine's own account of it.
func (s *Stack) operate(ctx context.Context, operation string, flags []string) (*Result, error) {
	log, err := os.CreateTemp(s.workspace.options.Dir, operation+"-*.jsonl")
	if err != nil {
		return nil, err
	}
	defer func() {
		_ = log.Close() // only the engine writes to it
		_ = os.Remove(log.Name())
	}()
	args := []string{operation, "--stack", s.Name, "--config-file", s.configFile(), "--event-log", log.Name()}
	output, err := s.workspace.run(ctx, call{
		dir: s.workspace.options.Program, args: append(args, flags...), stream: true,
	})
	result, readErr := readEvents(log)
	if readErr != nil {
		return nil, errors.Join(err, fmt.Errorf("event log: %w", readErr))
	}
	result.Output = output
	var failed *Error
	if errors.As(err, &failed) {
		failed.Args = append([]string{operation, "--stack", s.Name}, flags...)
		failed.Diagnostics = result.Errors()
		result.Output = failed.Output
	}
	return result, err
}

// Outputs returns the stack's outputs, secrets in the clear.
func (s *Stack) Outputs(ctx context.Context) (map[string]any, error) {
	outputs := map[string]any{}
	return outputs, s.query(ctx, &outputs, "stack", "output", "--json", "--show-secrets")
}

// PlainOutputs is what `pulumi stack output` prints, secrets masked.
func (s *Stack) PlainOutputs(ctx context.Context) (string, error) {
	return s.workspace.run(ctx, call{dir: s.workspace.stacks(), args: []string{"stack", "output", "--json", "--stack", s.Name}})
}

// Export returns the stack's state as it is stored, secrets encrypted unless the flag --show-secrets is given.
func (s *Stack) Export(ctx context.Context, flags ...string) (*State, error) {
	var exported struct {
		Deployment json.RawMessage `json:"deployment"`
	}
	if err := s.query(ctx, &exported, append([]string{"stack", "export"}, flags...)...); err != nil {
		return nil, err
	}
	state := &State{Raw: exported.Deployment}
	return state, json.Unmarshal(exported.Deployment, state)
}

func (s *Stack) query(ctx context.Context, into any, args ...string) error {
	out, err := s.workspace.run(ctx, call{dir: s.workspace.stacks(), args: append(args, "--stack", s.Name)})
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(out), into)
}

// State is a stack's deployment.
type State struct {
	Resources []Resource `json:"resources"`
	// Raw is the whole deployment as it is stored.
	Raw json.RawMessage `json:"-"`
}

// Write writes the state to a file as `pulumi stack export` does.
func (s *State) Write(path string) error {
	body, err := json.Marshal(map[string]any{"version": 3, "deployment": s.Raw})
	if err != nil {
		return err
	}
	return os.WriteFile(path, body, 0o600)
}

// Resource is one resource of the state.
type Resource struct {
	URN     URN            `json:"urn"`
	Custom  bool           `json:"custom"`
	Protect bool           `json:"protect"`
	ID      string         `json:"id"`
	Inputs  map[string]any `json:"inputs"`
	Outputs map[string]any `json:"outputs"`
}
