package controlplane

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// start runs a program whose log is beside the cluster's other files.
func (c *Cluster) start(name string, args ...string) error {
	log, err := os.Create(c.path(name + ".log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the program has a descriptor of its own
	cmd := exec.Command(c.tools[name], args...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, c.dir
	// Whoever is killed must not leave a control plane behind.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	c.processes[name] = cmd
	return nil
}

// Stop ends every process. The files stay.
func (c *Cluster) Stop() error {
	var failed error
	for name := range c.processes {
		failed = errors.Join(failed, c.kill(name))
	}
	return failed
}

func (c *Cluster) kill(name string) error {
	cmd := c.processes[name]
	delete(c.processes, name)
	if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("%s: %w", name, err)
	}
	_ = cmd.Wait() // it says that it was killed
	return nil
}

// Silence ends the API server; Serve starts it again.
func (c *Cluster) Silence() error { return c.kill("kube-apiserver") }

// Serve starts the API server, under the same address and with all that it had, and waits until it is ready.
func (c *Cluster) Serve(ctx context.Context) error {
	if err := c.start("kube-apiserver", c.server...); err != nil {
		return err
	}
	pool := x509.NewCertPool()
	pool.AddCert(c.ca)
	client := &http.Client{
		Timeout:   5 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}},
	}
	err := wait.PollUntilContextTimeout(ctx, 200*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		// /readyz is open to everybody.
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Address+"/readyz", nil)
		if err != nil {
			return false, err
		}
		answer, err := client.Do(request)
		if err != nil {
			return false, nil
		}
		_ = answer.Body.Close()
		return answer.StatusCode == http.StatusOK, nil
	})
	if err != nil {
		return fmt.Errorf("the API server is not ready: %w; its log ends with\n%s", err, c.Log("kube-apiserver"))
	}
	return nil
}

// Logs are the programs that have a log.
func (c *Cluster) Logs() []string {
	var names []string
	for name := range c.tools {
		if _, err := os.Stat(c.path(name + ".log")); err == nil {
			names = append(names, name)
		}
	}
	return names
}

// Log returns the last lines of a program's log.
func (c *Cluster) Log(name string) string {
	text, err := os.ReadFile(c.path(name + ".log"))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "\n")
}
