package acceptance_test

import (
	"fmt"
	"os"
	"testing"

	"ecommerce-platform/tests/lab/acceptance/wire"
)

// binaries is where the programs that tests run are built.
var binaries string

// TestMain also stands in for the program where the engine starts this executable, as Pulumi.yaml's option binary says.
func TestMain(m *testing.M) {
	if wire.IsProgram() {
		os.Exit(wire.Run())
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if binaries, err = os.MkdirTemp("", "acceptance-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(binaries) }()
	return m.Run()
}
