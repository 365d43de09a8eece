package bench

import (
	"context"
	"fmt"
	"io"
	"time"

	"ecommerce-platform/tests/lab/bench/idle"
	"ecommerce-platform/tests/lab/bench/shop"
	"ecommerce-platform/tests/lab/bench/shop/probe"
	"ecommerce-platform/tests/lab/bench/table"
	"ecommerce-platform/tests/lab/platform"
	"ecommerce-platform/tests/lab/toolchain"
)

// running measures a platform that is up.
func running(ctx context.Context, r *run, lab *platform.Lab, log io.Writer) error {
	program, err := toolchain.Source("..", "..")
	if err != nil {
		return err
	}
	found, err := shop.Measure(ctx, lab)
	if err != nil {
		return err
	}
	r.show(throughput(found))
	r.show(latency(found))
	empty, err := idle.Empty(ctx, program, log)
	if err != nil {
		return fmt.Errorf("empty program: %w", err)
	}
	platform, err := idle.Measure(ctx, lab.Stack)
	if err != nil {
		return err
	}
	r.show(nothing(platform, empty))
	return nil
}

// upLimit is how much longer than an empty program's the platform's up may take.
const upLimit = 2 * time.Second

func nothing(platform, empty idle.Times) *table.Table {
	t := &table.Table{
		Title: "Operations that change nothing",
		Notes: []string{fmt.Sprintf("On the platform while it runs, and on a program without resources; medians of %d runs, `up` with --skip-preview. "+
			"Target: `up` within %s of the empty program's.", idle.Runs, table.Seconds(upLimit))},
		Head: []string{"operation", "platform", "empty program", "more"},
	}
	t.Row("pulumi up", table.Seconds(platform.Up), table.Seconds(empty.Up), table.Seconds(platform.Up-empty.Up))
	t.Row("pulumi preview", table.Seconds(platform.Preview), table.Seconds(empty.Preview), table.Seconds(platform.Preview-empty.Preview))
	if more := platform.Up - empty.Up; more > upLimit {
		t.Missed = append(t.Missed, fmt.Sprintf("up takes %s longer than that of an empty program", table.Seconds(more)))
	}
	return t
}

func throughput(found map[string]probe.Answer) *table.Table {
	t := &table.Table{
		Title: "Requests per second",
		Notes: []string{
			fmt.Sprintf("%d clients that ask again as soon as they have an answer, on kept connections: at the NodePort from this host, otherwise from a pod "+
				"on the frontends' node. Clients, nodes and shop share this machine's CPUs. No request was lost.", shop.Clients),
			"The specification expects about 1000 requests per second of the frontends together and 600 of the backends.",
		},
		Head: []string{"what", "per second", "p50", "p99", "of direct"},
	}
	for _, names := range [][]string{
		{shop.PageDirect, shop.PageService, shop.PageNodePort}, {shop.DataDirect, shop.DataService, shop.DataNodePort},
	} {
		direct := found[names[0]]
		for _, name := range names {
			a := found[name]
			t.Row(name, fmt.Sprintf("%.0f", a.Rate), table.Millis(a.P50), table.Millis(a.P99), table.Ratio(a.Rate, direct.Rate))
		}
	}
	return t
}

func latency(found map[string]probe.Answer) *table.Table {
	t := &table.Table{
		Title: "Latency",
		Notes: []string{fmt.Sprintf("One request after the other, %d of each, beside the table of the specification: the frontend's from this host at the NodePort, "+
			"the others from a pod on the frontends' node through the Services.", shop.Questions)},
		Head: []string{"what", "p50", "p99", "specification"},
	}
	for _, expected := range []struct{ name, specification string }{
		{shop.FrontendLatency, "2-5 ms"}, {shop.BackendLatency, "1-3 ms"}, {shop.DNSLatency, "3 ms"},
		{shop.RedisLatency, "< 1 ms"}, {shop.PostgresLatency, "2-10 ms"},
	} {
		a := found[expected.name]
		t.Row(expected.name, table.Millis(a.P50), table.Millis(a.P99), expected.specification)
	}
	return t
}
