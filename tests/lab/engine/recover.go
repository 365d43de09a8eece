package engine

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Unlock takes away the lock that a killed pulumi left. The caller makes sure that none runs.
func (s *Stack) Unlock(ctx context.Context) error {
	_, err := s.workspace.run(ctx, call{dir: s.workspace.stacks(), args: []string{"cancel", "--yes", "--stack", s.Name}})
	return err
}

// Locked tells whether an operation runs on the stack, or was killed and left its lock.
func (s *Stack) Locked() (bool, error) {
	locks := filepath.Join(s.workspace.options.Dir, "backend", ".pulumi", "locks", "organization", s.workspace.project, s.Name)
	entries, err := os.ReadDir(locks)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return len(entries) > 0, err
}

// ForgetPending takes out of the state what a killed pulumi had begun to create, of which every later operation would warn. The
// caller makes sure that none of it exists, or that creating it again does no harm.
func (s *Stack) ForgetPending(ctx context.Context) error {
	var exported map[string]json.RawMessage
	if err := s.query(ctx, &exported, "stack", "export"); err != nil {
		return err
	}
	var deployment map[string]json.RawMessage
	if err := json.Unmarshal(exported["deployment"], &deployment); err != nil {
		return err
	}
	if deployment["pending_operations"] == nil {
		return nil
	}
	delete(deployment, "pending_operations")
	var err error
	if exported["deployment"], err = json.Marshal(deployment); err != nil {
		return err
	}
	body, err := json.Marshal(exported)
	if err != nil {
		return err
	}
	_, err = s.workspace.run(ctx, call{
		dir: s.workspace.stacks(), stdin: string(body), args: []string{"stack", "import", "--stack", s.Name},
	})
	return err
}
