package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"ecommerce-platform/tests/lab/load"
	"ecommerce-platform/tests/lab/machines"
	"ecommerce-platform/tests/lab/mirror"
	"ecommerce-platform/tests/lab/platform"
	"ecommerce-platform/tests/lab/table"
	"ecommerce-platform/tests/lab/toolchain"
)

// The lab of the changes begins with the versions before those of a new cluster.
const (
	changesName  = "ecommerce-platform-changes"
	changesBlock = "172.31.96.0/20"
)

// A prediction is near the measurement if it is within a share of it, or within so many seconds.
const (
	nearShare   = 0.25
	nearSeconds = 5.0
)

// seen is for how many seconds clients get no answer, by what they ask for, as the report of the policy pack names it.
type seen map[string]float64

// prediction is what the pack's report says of a change.
type prediction struct {
	Clients []struct {
		What    string `json:"what"`
		Seconds int    `json:"seconds"`
		Open    bool   `json:"open"`
	} `json:"clients"`
	Seconds int `json:"seconds"`
}

// changes makes one change of the day-2 operations after the other on one lab, and compares what the preview says that clients
// will see with what they saw.
func changes(ctx context.Context, r *run) (err error) {
	dir, err := toolchain.CacheDir()
	if err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(dir, "bench-changes.log"))
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintln(r.out, "what pulumi writes goes to", log.Name())
	defer func() {
		err = errors.Join(err, platform.Down(context.WithoutCancel(ctx), changesName), log.Close())
	}()
	c, err := newChanger(ctx, log)
	if err != nil {
		return err
	}
	t := &table.Table{
		Title: "What the preview says of a change, and what clients see",
		Notes: []string{
			"Each line is a change of the configuration and one `pulumi up`, on one lab, one after the other. Predicted is what the policy pack says in the preview before, with the " +
				"times that a machine of this lab takes (tests/lab/bench/times.json). Measured are the requests that got no answer within two seconds, as seconds: 20 a second for the page, " +
				"18 for /data, 2 for orders, 5 for the API server's /readyz, from this host.",
			fmt.Sprintf("Target: predicted within %.0f %% of measured or within %.0f s.", 100*nearShare, nearSeconds),
		},
		Head: []string{"change", "page: predicted", "measured", "/data: predicted", "measured", "orders: predicted", "measured", "API: predicted", "measured", "takes: predicted", "measured"},
	}
	for _, operation := range operations() {
		said, saw, took, err := c.apply(ctx, operation)
		if err != nil {
			return fmt.Errorf("%s: %w", operation.name, err)
		}
		row := []string{operation.name}
		for _, what := range asked {
			predicted := said.of(what)
			row = append(row, fmt.Sprintf("%.0f s", predicted), fmt.Sprintf("%.1f s", saw[what]))
			if !near(predicted, saw[what]) {
				t.Missed = append(t.Missed, fmt.Sprintf("%s: %s: %.0f s predicted, %.1f s measured", operation.name, what, predicted, saw[what]))
			}
		}
		t.Row(append(row, fmt.Sprintf("%d s", said.Seconds), fmt.Sprintf("%.0f s", took.Seconds()))...)
		_, _ = fmt.Fprintln(r.out, t.Rows[len(t.Rows)-1])
	}
	r.show(t)
	return nil
}

// asked is what clients ask for, as the pack names it.
var asked = []string{"the page", "/data", "orders", "the Kubernetes API"}

func (p *prediction) of(what string) float64 {
	for _, c := range p.Clients {
		if c.What == what {
			return float64(c.Seconds)
		}
	}
	return 0
}

func near(predicted, measured float64) bool {
	off := max(predicted-measured, measured-predicted)
	return off <= nearSeconds || off <= nearShare*measured
}

// changer is a lab on which one change follows the other.
type changer struct {
	lab     *platform.Lab
	program string
	pack    string
	dir     string
	output  io.Writer
	config  map[string]any
	url     string
}

func newChanger(ctx context.Context, output io.Writer) (*changer, error) {
	program, err := toolchain.Source("..", "..")
	if err != nil {
		return nil, err
	}
	pack, err := toolchain.PolicyPack(ctx)
	if err != nil {
		return nil, err
	}
	if err := platform.Down(ctx, changesName); err != nil {
		return nil, err
	}
	lab, err := platform.Prepare(ctx, platform.Options{
		Name: changesName, VpcCidr: changesBlock, Output: output,
		Mirror: mirror.Options{Minors: mirror.Minors{before().Minor(), first().Minor()}, Before: true},
	})
	if err != nil {
		return nil, err
	}
	c := &changer{lab: lab, program: program, pack: pack, dir: lab.Dir, output: output, config: map[string]any{}}
	if err := c.writeTypes(); err != nil {
		return nil, err
	}
	for key, value := range beginning() {
		c.config[key] = value
	}
	if err := lab.Set(ctx, c.config); err != nil {
		return nil, err
	}
	if _, err := lab.Stack.Up(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// writeTypes tells the pack what an instance is in the lab: every kubelet sees this whole machine, whatever the type.
func (c *changer) writeTypes() error {
	host, err := machines.HostSize()
	if err != nil {
		return err
	}
	size := map[string]int{"vCPU": host.CPUs, "memoryMiB": host.MemoryMiB}
	body, err := json.Marshal(map[string]any{"t3.medium": size, "t3.large": size})
	if err != nil {
		return err
	}
	return os.WriteFile(c.types(), body, 0o600)
}

func (c *changer) types() string { return filepath.Join(c.dir, "types.json") }

// apply previews a change and makes it while clients ask.
func (c *changer) apply(ctx context.Context, o operation) (*prediction, seen, time.Duration, error) {
	state, err := c.export(ctx)
	if err != nil {
		return nil, nil, 0, err
	}
	nodes, err := c.lab.Nodes()
	if err != nil {
		return nil, nil, 0, err
	}
	if err := o.change(c.config, nodes, c.lab.Addresses); err != nil {
		return nil, nil, 0, err
	}
	if err := c.lab.Set(ctx, c.config); err != nil {
		return nil, nil, 0, err
	}
	for key, value := range o.secrets {
		if err := c.lab.Stack.SetSecret(ctx, key, value); err != nil {
			return nil, nil, 0, err
		}
	}
	said, err := c.preview(ctx, state)
	if err != nil {
		return nil, nil, 0, err
	}
	watching, err := c.watch(ctx)
	if err != nil {
		return nil, nil, 0, err
	}
	start := time.Now()
	_, err = c.lab.Stack.Up(ctx)
	took := time.Since(start)
	if err == nil {
		// What comes a moment after the update counts as well.
		waiting, cancel := context.WithTimeoutCause(ctx, firstAnswer, fmt.Errorf("/data: no answer within %s of the update", firstAnswer))
		defer cancel()
		err = load.Await(waiting, askEvery, load.Options{URL: c.url + "/data", Timeout: time.Second})
	}
	return said, watching(), took, err
}

// export writes the stack's state as the pack reads it.
func (c *changer) export(ctx context.Context) (string, error) {
	state, err := c.lab.Stack.Export(ctx)
	if err != nil {
		return "", err
	}
	path := filepath.Join(c.dir, "state.json")
	return path, state.Write(path)
}

// preview is what the pack's report says.
func (c *changer) preview(ctx context.Context, state string) (*prediction, error) {
	report := filepath.Join(c.dir, "report.json")
	times, err := toolchain.Source("bench", "times.json")
	if err != nil {
		return nil, err
	}
	stack, err := c.lab.StackOf(ctx, c.program, "PLATFORM_STATE="+state, "PLATFORM_REPORT="+report, "PLATFORM_TIMES="+times, "PLATFORM_INSTANCE_TYPES="+c.types())
	if err != nil {
		return nil, err
	}
	if err := os.Remove(report); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	// A policy may object to what the lab must set; the report says what the change does all the same.
	_, failed := stack.Preview(ctx, "--policy-pack", c.pack)
	body, err := os.ReadFile(report)
	if err != nil {
		return nil, errors.Join(failed, err)
	}
	said := &prediction{}
	if err := json.Unmarshal(body, said); err != nil {
		return nil, err
	}
	if len(said.Clients) == 0 {
		return nil, errors.Join(failed, fmt.Errorf("%s: says nothing of clients", report))
	}
	return said, nil
}

// watch asks as clients do until the function that it returns is called: it says for how long they got no answer.
func (c *changer) watch(ctx context.Context) (func() seen, error) {
	outputs, err := c.lab.Stack.Outputs(ctx)
	if err != nil {
		return nil, err
	}
	c.url, _ = outputs["frontendUrl"].(string)
	kubeconfig, _ := outputs["kubeconfig"].(string)
	ready, err := askAPI(kubeconfig)
	if err != nil {
		return nil, err
	}
	const patience = 2 * time.Second
	loops := map[string]load.Options{
		asked[0]: {URL: c.url + "/", PerSecond: 20},
		asked[1]: {Ask: readAnew(c.url + "/data"), PerSecond: 18},
		asked[2]: {Ask: order(c.url), PerSecond: 2},
		asked[3]: {Ask: ready, PerSecond: 5},
	}
	running := map[string]*load.Loop{}
	for what, options := range loops {
		options.Timeout = patience
		running[what] = load.Start(ctx, options)
	}
	return func() seen {
		saw := seen{}
		for what, loop := range running {
			saw[what] = float64(loop.Stop().Lost) / float64(loops[what].PerSecond)
		}
		return saw
	}, nil
}
