// Command lab runs the platform on this machine, on a digital twin of EC2. The Makefile at the top of the repository says what for.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

const usage = `usage: go run . <command>

  up       bring the whole platform up, or up to date; ends by printing the URL
  down     remove every container, network and file of it
  clean    remove what labs keep for the next: tools, package repositories, images
  preview  what the program would deploy, and whether that will work; needs no Docker, root or credentials
  bench    measure the platform, beside what each figure is to be compared with
  calibrate  hold the preview's verdicts against a real control plane: CASES of each of the PARTS, or the one of the seed CASE
  ssh      log in to NODE, or run COMMAND there
  dashboards  open the pages of the monitoring on this machine
  bump     change a version everywhere: KUBERNETES, DEFAULT, CALICO with CALICO_SHA256, CONTAINERD, CLOUDNATIVE_PG, NODE_EXPORTER, METRICS_SERVER,
           VICTORIA_METRICS, VICTORIA_LOGS, ALERTMANAGER, KUBE_STATE_METRICS
  image    build the image of the shop's backend, push it or write it as an archive
  prepare  install and build what the tests need
  lint     gofmt, go vet, golangci-lint, shellcheck, shfmt, actionlint

  prepare-lifecycle  prepare, and what make lifecycle needs besides: every minor of Kubernetes
  vulnerabilities    known ones in the code that the modules call; asks vuln.go.dev`

func main() { os.Exit(lab()) }

// lab is all of main but the exit, which would skip what is deferred.
func lab() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A killed `go run` says nothing to what it runs.
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGTERM), 0, 0, 0); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 1
	}
	// The Makefile's, for the compiler.
	if err := os.Unsetenv("GOGC"); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 1
	}
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 1
	}
	return 0
}

func run(ctx context.Context, args []string) error {
	commands := map[string]func(context.Context) error{
		"up": up, "down": down, "clean": clean, "prepare": prepare, "prepare-lifecycle": prepareLifecycle, "lint": lint, "vulnerabilities": vulnerabilities,
		"preview": previewProgram, "bench": measure, "calibrate": calibratePreview, "ssh": login, "dashboards": dashboards, "image": image, "bump": bump,
	}
	if len(args) != 1 || commands[args[0]] == nil {
		return errors.New(usage)
	}
	return commands[args[0]](ctx)
}
