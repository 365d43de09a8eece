package toolchain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// dockerStart is how long a Docker engine may take from its start to its first answer.
const dockerStart = 60 * time.Second

// EnsureDocker makes sure that a Docker engine answers: installs it if missing and starts it where nothing else
// does. A user whose engine answers needs no root.
func EnsureDocker(ctx context.Context) error {
	if onPath("docker") && dockerAnswers(ctx) == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("docker: %w", ctx.Err()) // nobody waits for an answer any more
	}
	if os.Getenv("DOCKER_HOST") != "" {
		return fmt.Errorf("docker: DOCKER_HOST %q does not answer: %w", os.Getenv("DOCKER_HOST"), dockerAnswers(ctx))
	}
	if err := Commands(ctx, "dockerd"); err != nil {
		return err
	}
	unlock, err := Lock(ctx, "docker")
	if err != nil {
		return err
	}
	defer unlock()
	err = dockerAnswers(ctx)
	if err == nil {
		return nil
	}
	if strings.Contains(err.Error(), "permission denied") {
		return errors.New("docker: the engine runs, but this user may not use it; add the user to group docker and log in again")
	}
	done := Step("starting the Docker engine")
	err = startDocker(ctx)
	done(err)
	return err
}

func dockerAnswers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	_, err := Run(ctx, "docker", "info", "--format", "{{.ServerVersion}}")
	return err
}

func startDocker(ctx context.Context) error {
	prefix, err := AsRoot()
	if err != nil {
		return fmt.Errorf("docker: %w", err)
	}
	// systemd's own test of whether it is the init system, sd_booted(3).
	if exists("/run/systemd/system") {
		if _, err := Run(ctx, append(prefix, "systemctl", "start", "docker")...); err != nil {
			return err
		}
		return waitDocker(ctx, nil, "journalctl -u docker")
	}
	cache, err := CacheDir()
	if err != nil {
		return err
	}
	log := filepath.Join(cache, "dockerd.log")
	exited, err := spawn(append(prefix, "dockerd"), log, filepath.Join(cache, "dockerd.pid"))
	if err != nil {
		return fmt.Errorf("docker: %w", err)
	}
	return waitDocker(ctx, exited, log)
}

// spawn starts a daemon in a session of its own, so that it outlives the lab's command, and reports its early end.
func spawn(args []string, logFile, pidFile string) (<-chan error, error) {
	log, err := os.OpenFile(logFile, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	return exited, os.WriteFile(pidFile, []byte(strconv.Itoa(cmd.Process.Pid)+"\n"), 0o644)
}

// waitDocker waits until the engine answers; log says where it writes.
func waitDocker(ctx context.Context, exited <-chan error, log string) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, time.Second, dockerStart, true, func(ctx context.Context) (bool, error) {
		if last = dockerAnswers(ctx); last == nil {
			return true, nil
		}
		select {
		case status := <-exited:
			return false, fmt.Errorf("docker: dockerd ended: %w; the last lines of %s:\n%s", status, log, lastLines(log))
		default:
			return false, nil
		}
	})
	if wait.Interrupted(err) {
		return fmt.Errorf("docker: no answer within %s; see %s\n%s\n%w", dockerStart, log, lastLines(log), last)
	}
	return err
}

func lastLines(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-10):], "\n")
}
