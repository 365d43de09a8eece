package twin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/renameio/v2"
)

// stateVersion goes up when a twin could misread what an older one wrote.
const stateVersion = 2

// startAnew is the way out for a lab whose state cannot be read: its machines are known to Docker by their label.
const startAnew = "remove the lab with `make down` and bring it up again"

// lockPatience bounds the wait for another operation that holds the state.
const lockPatience = 5 * time.Minute

// Record is one resource as EC2 has it.
type Record struct {
	ID   string `json:"id"`
	Type string `json:"type"`
	// Region is where it is, none for what is the account's.
	Region string `json:"region,omitempty"`
	URN    string `json:"urn,omitempty"`
	Inputs Values `json:"inputs"`
	// Outputs are the values EC2 made up; inputs that it took as they were are not repeated.
	Outputs Values `json:"outputs"`
	// Implicit resources came with another one (a VPC's default group) and go with it.
	Implicit bool `json:"implicit,omitempty"`
	// Pending marks a resource whose machine or network is being made or unmade.
	Pending bool `json:"pending,omitempty"`
	// Container is the name of the Docker container of an instance.
	Container string `json:"container,omitempty"`
	// Firewall is the rule set that was last loaded into the container.
	Firewall string `json:"firewall,omitempty"`
}

// Value is the value in force: what was asked for, else what EC2 filled in, else its default.
// A record that is not there has none.
func (r *Record) Value(name string) any {
	if r == nil {
		return nil
	}
	if v, ok := r.Inputs[name]; ok {
		return v
	}
	if v, ok := r.Outputs[name]; ok {
		return v
	}
	return types[r.Type].Inputs[name].Default
}

// Text is Value as a string.
func (r *Record) Text(name string) string {
	s, _ := r.Value(name).(string)
	return s
}

// Texts is Value as a list of strings.
func (r *Record) Texts(name string) []string {
	return Values{name: r.Value(name)}.Texts(name)
}

// key is the record's place in the account's table. A name that somebody chose may be taken in each region.
func (r *Record) key() string {
	if t := types[r.Type]; r.Region != "" && t.ID != nil && t.AutoName != "" {
		return r.Region + "/" + r.ID
	}
	return r.ID
}

// State is everything in the account.
type State struct {
	// Version is that of the file's form.
	Version   int                `json:"version"`
	Resources map[string]*Record `json:"resources"`
	// Late is how many requests are yet to be answered as if what they name were not there, or not free again, by what they name.
	Late map[string]int `json:"late,omitempty"`
}

// Store keeps the state in a directory that several processes may use at once.
type Store struct{ Dir string }

func (s Store) path() string { return filepath.Join(s.Dir, "ec2.json") }

// With runs change while no other process has the state, and saves the state if change succeeds.
func (s Store) With(ctx context.Context, change func(*State) error) error {
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return fmt.Errorf("twin state: %w", err)
	}
	lock := flock.New(s.path() + ".lock")
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	if _, err := lock.TryLockContext(ctx, 20*time.Millisecond); err != nil {
		return fmt.Errorf("twin state: waiting for %s.lock, held by another process: %w", s.path(), err)
	}
	defer lock.Unlock() //nolint:errcheck // closing the file releases it in any case

	state, before, err := s.load()
	if err != nil {
		return err
	}
	if err := change(state); err != nil {
		return err
	}
	return s.save(state, before)
}

func (s Store) load() (*State, []byte, error) {
	state := &State{Version: stateVersion, Resources: map[string]*Record{}, Late: map[string]int{}}
	data, err := os.ReadFile(s.path())
	if errors.Is(err, fs.ErrNotExist) {
		return state, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("twin state: %w", err)
	}
	if err := json.Unmarshal(data, state); err != nil {
		return nil, nil, fmt.Errorf("twin state %s: %w; %s", s.path(), err, startAnew)
	}
	if state.Version != stateVersion {
		return nil, nil, fmt.Errorf("twin state %s: version %d, this twin reads %d; %s", s.path(), state.Version, stateVersion, startAnew)
	}
	for id, r := range state.Resources {
		if types[r.Type] == nil {
			return nil, nil, fmt.Errorf("twin state %s: resource %s: unknown type %q; %s", s.path(), id, r.Type, startAnew)
		}
	}
	return state, data, nil
}

func (s Store) save(state *State, before []byte) error {
	data, err := json.MarshalIndent(state, "", "  ")
	if err != nil {
		return fmt.Errorf("twin state: %w", err)
	}
	if string(data) == string(before) {
		return nil
	}
	// A reader sees the old content or the new one, never half of it.
	if err := renameio.WriteFile(s.path(), data, 0o600, renameio.WithTempDir(filepath.Dir(s.path()))); err != nil {
		return fmt.Errorf("twin state: %w", err)
	}
	return nil
}
