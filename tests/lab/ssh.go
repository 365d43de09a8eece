package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"

	"ecommerce-platform/tests/lab/platform"
	"ecommerce-platform/tests/lab/toolchain"
)

// login runs the program's own ssh command on the lab's stack: NODE, and optionally COMMAND.
func login(ctx context.Context) error {
	node := os.Getenv("NODE")
	if node == "" {
		return errors.New("NODE <unset>: required, such as `make ssh NODE=control-plane`")
	}
	if err := toolchain.ChooseSources(ctx); err != nil {
		return err
	}
	lab, err := platform.Attach(ctx, platform.Options{Name: os.Getenv(labName), VpcCidr: os.Getenv(labBlock)})
	if err != nil {
		return err
	}
	program, err := toolchain.Source("..", "..")
	if err != nil {
		return err
	}
	stack := lab.Stack.Selected()
	args := append([]string{"run", "./cluster/ssh", "-cwd", stack.Dir, node}, strings.Fields(os.Getenv("COMMAND"))...)
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir, command.Env = program, stack.Env
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	return command.Run()
}
