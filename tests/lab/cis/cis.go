// Package cis holds the nodes of a lab against the CIS Kubernetes Benchmark with kube-bench, and says what became of every check.
package cis

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"ecommerce-platform/tests/lab/docker"
	"ecommerce-platform/tests/lab/toolchain"
)

const (
	// Benchmark is the version of the benchmark, the newest that kube-bench knows. https://www.cisecurity.org/benchmark/kubernetes
	Benchmark = "cis-1.12"
	module    = "github.com/aquasecurity/kube-bench"
	// there is where kube-bench lies on a machine while it runs.
	there = "/opt/kube-bench"
)

// Status is what kube-bench says of a check.
type Status string

// What kube-bench says. Warn is also of a check that it leaves to a person.
const (
	Pass Status = "PASS"
	Fail Status = "FAIL"
	Warn Status = "WARN"
)

// Result is what kube-bench says of one check on one node.
type Result struct {
	// ID is the check's number in the benchmark, "1.2.9".
	ID     string `json:"test_number"`
	Status Status `json:"status"`
	// Scored are those that kube-bench decides; the others are a person's to decide.
	Scored bool `json:"scored"`
	// Actual is what it found.
	Actual string `json:"actual_value"`
	// Node is the node's name.
	Node string `json:"-"`
}

// Node is a machine of a lab.
type Node struct {
	Name         string
	ControlPlane bool
	// Container is the name of its container.
	Container string
}

// Run holds nodes against the parts of the benchmark that are about nodes of their role.
func Run(ctx context.Context, nodes []Node) ([]Result, error) {
	archive, err := pack(ctx)
	if err != nil {
		return nil, err
	}
	var results []Result
	for _, node := range nodes {
		found, err := node.run(ctx, archive)
		if err != nil {
			return nil, fmt.Errorf("kube-bench on %s: %w", node.Name, err)
		}
		results = append(results, found...)
	}
	return results, nil
}

// pack is an archive of kube-bench and of what the benchmark checks.
func pack(ctx context.Context) ([]byte, error) {
	binary, err := toolchain.Tool(ctx, "kube-bench")
	if err != nil {
		return nil, err
	}
	source, err := toolchain.ModuleDir(ctx, "kube-bench", module)
	if err != nil {
		return nil, err
	}
	checks, err := filepath.Glob(filepath.Join(source, "cfg", Benchmark, "*.yaml"))
	if err != nil {
		return nil, err
	}
	files := map[string]string{path.Join(there, "kube-bench"): binary, path.Join(there, "cfg", "config.yaml"): filepath.Join(source, "cfg", "config.yaml")}
	for _, file := range checks {
		files[path.Join(there, "cfg", Benchmark, filepath.Base(file))] = file
	}
	var archive bytes.Buffer
	out := tar.NewWriter(&archive)
	for name, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if err := out.WriteHeader(&tar.Header{Name: name, Mode: 0o700, Size: int64(len(content)), Typeflag: tar.TypeReg}); err != nil {
			return nil, err
		}
		if _, err := out.Write(content); err != nil {
			return nil, err
		}
	}
	return archive.Bytes(), out.Close()
}

func (n Node) run(ctx context.Context, archive []byte) (results []Result, err error) {
	if err := docker.Unpack(ctx, n.Container, archive); err != nil {
		return nil, err
	}
	defer func() {
		if _, _, removeErr := docker.Run(context.WithoutCancel(ctx), n.Container, "", "rm", "-rf", there); err == nil {
			err = removeErr
		}
	}()
	targets := "node"
	if n.ControlPlane {
		targets = "master,etcd,controlplane,policies,node"
	}
	status, out, err := docker.Run(ctx, n.Container, "", "env", "--chdir", there, "KUBECONFIG=/etc/kubernetes/admin.conf",
		"./kube-bench", "run", "--config-dir", there+"/cfg", "--benchmark", Benchmark, "--targets", targets, "--json")
	if err != nil {
		return nil, err
	}
	if status != 0 {
		return nil, fmt.Errorf("ended with %d: %s", status, out)
	}
	return parse(n.Name, out)
}

// parse reads kube-bench's report, before which it may have warned of something.
func parse(node, out string) ([]Result, error) {
	var report struct {
		Controls []struct {
			Tests []struct{ Results []Result }
		}
	}
	_, text, found := strings.Cut(out, "{")
	if !found {
		return nil, fmt.Errorf("no report: %s", out)
	}
	if err := json.Unmarshal([]byte("{"+text), &report); err != nil {
		return nil, err
	}
	var results []Result
	for _, control := range report.Controls {
		for _, group := range control.Tests {
			for _, result := range group.Results {
				result.Node = node
				results = append(results, result)
			}
		}
	}
	if len(results) == 0 {
		return nil, fmt.Errorf("no check ran: %s", out)
	}
	return results, nil
}
