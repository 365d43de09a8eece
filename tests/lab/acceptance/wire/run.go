package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// Variables by which a test tells the program's stand-in what to run. The engine hands its own environment on.
const (
	// ProgramVariable names the program's executable.
	ProgramVariable = "CORPUS_PROGRAM"
	// EditsVariable names a file with the edits as a JSON list; an empty list runs the program as it is.
	EditsVariable = "CORPUS_EDITS"
)

// monitorVariable is where pulumi.Run finds the engine's monitor.
const monitorVariable = "PULUMI_MONITOR"

// IsProgram tells whether this process was started by the engine, in the program's place.
func IsProgram() bool { return os.Getenv(ProgramVariable) != "" && os.Getenv(monitorVariable) != "" }

// Run runs the program behind the edits and returns its exit code.
func Run() int {
	code, err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func run() (int, error) {
	var edits []Edit
	body, err := os.ReadFile(os.Getenv(EditsVariable))
	if err != nil {
		return 0, err
	}
	if err := json.Unmarshal(body, &edits); err != nil {
		return 0, fmt.Errorf("%s: %w", os.Getenv(EditsVariable), err)
	}
	m, address, stop, err := serve(os.Getenv(monitorVariable), edits)
	if err != nil {
		return 0, err
	}
	defer stop()
	cmd := exec.Command(os.Getenv(ProgramVariable))
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), monitorVariable+"="+address)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err = cmd.Run()
	var exit *exec.ExitError
	switch missed := m.unmatched(); {
	case errors.As(err, &exit):
		return exit.ExitCode(), nil
	case err != nil:
		return 0, err
	case len(missed) > 0:
		return 0, fmt.Errorf("edits that match no resource: %v", missed)
	}
	return 0, nil
}
