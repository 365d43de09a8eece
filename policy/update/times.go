package update

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"ecommerce-platform/policy/rollout"
)

// TimesFile is the environment variable that names a file with other times than those of times.json, for an environment in which
// they have been measured: a JSON object of the same shape, in which what stays the same may be missing.
const TimesFile = "PLATFORM_TIMES"

// Time is how long a part of an update takes.
type Time struct {
	Seconds int `json:"seconds"`
	// Source says where it was measured, or that it is an estimate.
	Source string `json:"source"`
}

// Times are the parts of an update. times.json says what each one spans.
type Times struct {
	Evict          Time `json:"evict"`
	PodReady       Time `json:"podReady"`
	MachineRestart Time `json:"machineRestart"`
	NewMachine     Time `json:"newMachine"`
	Upgrade        Time `json:"upgrade"`
	UpdatePackages Time `json:"updatePackages"`
	APIUpgrade     Time `json:"apiUpgrade"`
	APIRestart     Time `json:"apiRestart"`
	APIStart       Time `json:"apiStart"`
	NodeNoticed    Time `json:"nodeNoticed"`
	Promotion      Time `json:"promotion"`
	Switchover     Time `json:"switchover"`
}

//go:embed times.json
var defaultTimes string

// ReadTimes returns the times of times.json, and over them those of the file that TimesFile names, if it names one.
func ReadTimes() (*Times, error) {
	times := &Times{}
	if err := times.merge(defaultTimes); err != nil {
		return nil, fmt.Errorf("times.json: %w", err)
	}
	path := os.Getenv(TimesFile)
	if path == "" {
		return times, nil
	}
	body, err := os.ReadFile(path)
	if err == nil {
		err = times.merge(string(body))
	}
	if err != nil {
		return nil, fmt.Errorf("%s %q: %w", TimesFile, path, err)
	}
	return times, nil
}

// Estimate says of drains how long a database is without a primary meanwhile.
func Estimate(drains []rollout.Drain) error {
	times, err := ReadTimes()
	if err != nil {
		return err
	}
	for _, drain := range drains {
		for i := range drain.Switchovers {
			drain.Switchovers[i].Seconds = times.Switchover.Seconds
		}
	}
	return nil
}

func (t *Times) merge(text string) error {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(t); err != nil {
		return err
	}
	for _, time := range []Time{
		t.Evict, t.PodReady, t.MachineRestart, t.NewMachine, t.Upgrade, t.UpdatePackages, t.APIUpgrade, t.APIRestart, t.APIStart,
		t.NodeNoticed, t.Promotion, t.Switchover,
	} {
		if time.Seconds < 0 || time.Source == "" {
			return errors.New("every time is a number of seconds from 0, with its source")
		}
	}
	return nil
}
