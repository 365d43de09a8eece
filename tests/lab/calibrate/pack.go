package calibrate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"sync"

	corev1 "k8s.io/api/core/v1"
)

// pack is the policy pack's own review, as a process that answers scenarios one after the other.
type pack struct {
	mutex    sync.Mutex
	process  *exec.Cmd
	stdin    io.Closer
	requests *json.Encoder
	answers  *json.Decoder
	stderr   bytes.Buffer
}

// startPack runs the command until it is stopped.
func startPack(ctx context.Context, command string) (*pack, error) {
	p := &pack{process: exec.CommandContext(ctx, command)}
	stdin, err := p.process.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := p.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.process.Stderr = &p.stderr
	p.stdin, p.requests, p.answers = stdin, json.NewEncoder(stdin), json.NewDecoder(stdout)
	return p, p.process.Start()
}

func (p *pack) stop() error {
	_ = p.stdin.Close()
	return p.process.Wait()
}

// opinion is what the pack says of a scenario, as far as it is compared, and the machines as it takes them to be.
type opinion struct {
	Report struct {
		Update     []nodeRow
		Outages    []struct{ Tier string }
		Rollouts   []rolloutRow
		Drains     []nodeRow
		Violations []struct{ Rule, Message string }
	}
	Before, After machines
}

// nodeRow is a node that changes, or a drain.
type nodeRow struct {
	Node, What string
	Doubt      string
	Blocked    []struct{ Reason string }
}

type rolloutRow struct {
	Tier, Stuck     string
	Doubt           string
	Now, Completes  bool
	LowestAvailable int
}

// machines are the cluster without the stack's own pods.
type machines struct {
	Nodes     []*corev1.Node
	Residents []*corev1.Pod
	Addons    []*corev1.Pod
}

func (p *pack) ask(s scenario) (*opinion, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	question := map[string]any{"before": s.before.exported(s.name), "after": s.after.exported(s.name)}
	var o opinion
	if err := p.requests.Encode(question); err != nil {
		return nil, fmt.Errorf("policy pack: %w\n%s", err, &p.stderr)
	}
	if err := p.answers.Decode(&o); err != nil {
		return nil, fmt.Errorf("policy pack: %w\n%s", err, &p.stderr)
	}
	return &o, nil
}

// exported is the stack as `pulumi stack export` writes it.
func (s *stack) exported(namespace string) map[string]any {
	if s == nil {
		return nil
	}
	var all []map[string]any
	add := func(token, name string, inputs map[string]any) {
		all = append(all, map[string]any{
			"urn": "urn:pulumi:dev::shop::" + token + "::" + name, "type": token, "custom": true, "inputs": inputs,
		})
	}
	kubelet := map[string]any{}
	if s.maxPods > 0 {
		kubelet["maxPods"] = s.maxPods
	}
	if s.reserved > 0 {
		kubelet["systemReserved"] = map[string]any{"cpu": fmt.Sprintf("%dm", s.reserved)}
	}
	add("ecommerce-platform:cluster:Cluster", "platform", map[string]any{"kubelet": kubelet, "nodes": []any{}})
	for _, n := range s.nodes {
		role := "worker"
		if n.controlPlane {
			role = "control-plane"
		}
		add("aws:ec2/instance:Instance", n.name, map[string]any{"instanceType": n.instanceType, "tags": map[string]any{"Role": role}})
		labels := map[string]any{caseLabel: namespace}
		for name, value := range n.labels {
			labels[name] = value
		}
		patch := map[string]any{"metadata": map[string]any{"name": n.name, "labels": labels}}
		if !n.controlPlane {
			taints := []any{}
			for _, taint := range n.taints {
				taints = append(taints, map[string]any{"key": taint.Key, "value": taint.Value, "effect": string(taint.Effect)})
			}
			patch["spec"] = map[string]any{"taints": taints}
		}
		add("kubernetes:core/v1:NodePatch", n.name+"-labels", patch)
	}
	for _, object := range s.objects(namespace) {
		version := object.GroupVersionKind().GroupVersion().String()
		if version == "v1" {
			version = "core/v1"
		}
		add("kubernetes:"+version+":"+object.GetKind(), object.GetName(), object.Object)
	}
	return map[string]any{"version": 3, "deployment": map[string]any{"resources": all}}
}
