package bench

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"ecommerce-platform/tests/lab/load"
	"ecommerce-platform/tests/lab/platform"
	"ecommerce-platform/tests/lab/table"
	"ecommerce-platform/tests/lab/toolchain"
)

// running measures a platform that is up.
func running(ctx context.Context, r *run, lab *platform.Lab, log io.Writer) error {
	program, err := toolchain.Source("..", "..")
	if err != nil {
		return err
	}
	weight, err := weigh(ctx, lab) // before anybody asks for anything
	if err != nil {
		return err
	}
	found, err := measureShop(ctx, lab)
	if err != nil {
		return err
	}
	r.show(throughput(found))
	r.show(latency(found))
	r.show(footprintTable(weight))
	empty, err := measureEmpty(ctx, program, log)
	if err != nil {
		return fmt.Errorf("empty program: %w", err)
	}
	platform, err := measureIdle(ctx, lab.Stack)
	if err != nil {
		return err
	}
	r.show(nothing(platform, empty))
	return nil
}

// upLimit is how much longer than an empty program's the platform's up may take.
const upLimit = 2 * time.Second

func nothing(platform, empty idleTimes) *table.Table {
	t := &table.Table{
		Title: "Operations that change nothing",
		Notes: []string{fmt.Sprintf("On the platform while it runs, and on a program without resources; medians of %d runs, `up` with --skip-preview. "+
			"Target: `up` within %s of the empty program's.", idleRuns, seconds(upLimit))},
		Head: []string{"operation", "platform", "empty program", "more"},
	}
	t.Row("pulumi up", seconds(platform.Up), seconds(empty.Up), seconds(platform.Up-empty.Up))
	t.Row("pulumi preview", seconds(platform.Preview), seconds(empty.Preview), seconds(platform.Preview-empty.Preview))
	if more := platform.Up - empty.Up; more > upLimit {
		t.Missed = append(t.Missed, fmt.Sprintf("up takes %s longer than that of an empty program", seconds(more)))
	}
	return t
}

// Targets of the throughput: the specification's, for the page and the products, and what is left of a direct answer.
const (
	pageRate, dataRate    = 1000, 600
	ofDirect, dataThrough = 0.9, 0.5
)

func throughput(found map[string]load.Answer) *table.Table {
	t := &table.Table{
		Title: "Requests per second",
		Notes: []string{
			fmt.Sprintf("%d clients that ask again as soon as they have an answer, on kept connections, in a pod on the frontends' node; at the lab's public "+
				"address from this host, through the lab's own forwarder. Clients, nodes and shop share this machine's CPUs. No request was lost.", clients),
			fmt.Sprintf("The specification expects about %d requests per second of the frontends together and %d of the backends. Further targets: the page at the "+
				"NodePort at least ×%.1f of the frontends asked pod by pod, /data through them at least ×%.1f of the backends asked so.", pageRate, dataRate, ofDirect, dataThrough),
		},
		Head: []string{"what", "per second", "p50", "p99", "of direct"},
	}
	for _, names := range [][]string{
		{pageDirect, pageService, pageNodePort, forwarded},
		{dataDirect, dataService, dataNodePort, dataKept},
		{findDirect, findNodePort},
		{orderDirect, orderNodePort},
	} {
		direct := found[names[0]]
		for _, name := range names {
			a := found[name]
			t.Row(name, fmt.Sprintf("%.0f", a.Rate), millis(a.P50), millis(a.P99), ratio(a.Rate, direct.Rate))
		}
	}
	for _, target := range []struct {
		name, what  string
		rate, least float64
	}{
		{pageNodePort, "per second", found[pageNodePort].Rate, pageRate},
		{dataNodePort, "per second", found[dataNodePort].Rate, dataRate},
		{pageNodePort, "of direct", found[pageNodePort].Rate / found[pageDirect].Rate, ofDirect},
		{dataService, "of direct", found[dataService].Rate / found[dataDirect].Rate, dataThrough},
	} {
		if target.rate < target.least {
			t.Missed = append(t.Missed, fmt.Sprintf("%s: %.2f %s, not %g", target.name, target.rate, target.what, target.least))
		}
	}
	return t
}

func footprintTable(f footprint) *table.Table {
	mebibytes := func(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
	t := &table.Table{
		Title: "What the shop takes",
		Notes: []string{"The backend's image as a node pulls it for amd64; the slowest backend pod of the bring-up, from its place on a node until it is ready, in whole " +
			"seconds; the largest working set of each tier's pods before anybody asks them for anything."},
		Head: []string{"what", ""},
	}
	t.Row("image of the backend", mebibytes(f.Image))
	t.Row("backend ready after", fmt.Sprintf("%.0f s", f.Ready.Seconds()))
	for _, tier := range slices.Sorted(maps.Keys(f.Memory)) {
		t.Row("memory of a "+tier+" pod", mebibytes(f.Memory[tier]))
	}
	return t
}

func latency(found map[string]load.Answer) *table.Table {
	t := &table.Table{
		Title: "Latency",
		Notes: []string{fmt.Sprintf("One request after the other, %d of each, beside the table of the specification: the frontend's from this host at the NodePort, "+
			"the others from a pod on the frontends' node through the Services.", questions)},
		Head: []string{"what", "p50", "p99", "specification"},
	}
	for _, expected := range []struct{ name, specification string }{
		{frontendLatency, "2-5 ms"}, {backendLatency, "1-3 ms"}, {dnsLatency, "3 ms"},
		{redisLatency, "< 1 ms"}, {postgresLatency, "2-10 ms"},
	} {
		a := found[expected.name]
		t.Row(expected.name, millis(a.P50), millis(a.P99), expected.specification)
	}
	return t
}
