package calibrate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"

	"ecommerce-platform/tests/lab/calibrate/trial"
)

// packs are several, of which each is asked by one at a time.
type packs chan *pack

// startPacks starts one for each processor.
func startPacks(ctx context.Context, command string) (packs, error) {
	all := make(packs, runtime.NumCPU())
	for range cap(all) {
		p, err := startPack(ctx, command)
		if err != nil {
			return all, err
		}
		all <- p
	}
	return all, nil
}

// stop ends those that nobody asks.
func (all packs) stop() {
	close(all)
	for p := range all {
		_ = p.stop()
	}
}

// ask asks the pack about each stage of a scenario.
func (all packs) ask(s trial.Scenario) (told, error) {
	p := <-all
	defer func() { all <- p }()
	return p.askAll(s)
}

// pack is the policy pack's own review, as a process that answers scenarios one after the other.
type pack struct {
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
	p.process.Env = append(os.Environ(), "GOGC=400") // it lives for a thousand cases, and memory is not what it is short of
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
		Rollouts   []rolloutRow
		Drains     []nodeRow
		CronJobs   []runRow
		Violations []struct{ Rule, Resource, Message string }
	}
	Before, After trial.Machines
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

// runRow is a run of a CronJob.
type runRow struct {
	Tier, Doubt                                              string
	Pending                                                  int
	Reasons, Preempts, WithoutDrained, PerhapsWithoutDrained []string
}

// ask asks for the pack's opinion of a scenario.
func (p *pack) ask(s trial.Scenario) (*opinion, error) {
	before, after := s.Exported()
	var o opinion
	if err := p.requests.Encode(map[string]any{"before": before, "after": after}); err != nil {
		return nil, fmt.Errorf("policy pack: %w\n%s", err, &p.stderr)
	}
	if err := p.answers.Decode(&o); err != nil {
		return nil, fmt.Errorf("policy pack: %w\n%s", err, &p.stderr)
	}
	return &o, nil
}
