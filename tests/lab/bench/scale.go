package bench

import (
	"context"
	"fmt"

	"ecommerce-platform/tests/lab/preview"
	"ecommerce-platform/tests/lab/table"
)

// sizes are how many nodes are previewed.
var sizes = []int{3, 30, 100}

// previewRuns is how often each size is previewed; the fastest counts, since whatever else this machine does only adds.
const previewRuns = 3

// steady is by how much the cost of a node may grow from the smaller step of sizes to the larger one.
const steady = 1.25

// size is what a preview of so many nodes takes.
type size struct {
	nodes, resources int
	seconds          float64
	memory           float64 // MiB
}

// measureNodes measures previews of growing clusters with the same shop. Nothing runs but the engine, the program and the
// providers: the twin is in model mode.
func measureNodes(ctx context.Context) (*table.Table, error) {
	var found []size
	for _, nodes := range sizes {
		s := size{nodes: nodes}
		for range previewRuns {
			peak := watchMemory(ctx)
			result, err := previewOnce(ctx, preview.Options{Changes: map[string]any{"nodes": topology(nodes), "postgres": database}, NoPack: true})
			memory := float64(peak()) / (1 << 20)
			if err != nil {
				return nil, fmt.Errorf("%d nodes: %w", nodes, err)
			}
			s.resources = len(result.Plan)
			if seconds := result.Elapsed.Seconds(); s.seconds == 0 || seconds < s.seconds {
				s.seconds, s.memory = seconds, memory
			}
		}
		found = append(found, s)
	}
	return scaleTable(found), nil
}

// scaleTable shows sizes and what each node between one and the next costs.
func scaleTable(found []size) *table.Table {
	t := &table.Table{
		Title: "Preview of 3, 30 and 100 nodes",
		Notes: []string{
			"A first preview with the default shop, the twin in model mode, without the policy pack. Time is that of the pulumi command, the fastest of " +
				fmt.Sprint(previewRuns) + "; memory is the most that the engine, the program and the providers have resident together.",
			"The slope is what one node more costs, from the size above to this one. Target: it stays the same.",
		},
		Head: []string{"nodes", "resources", "time", "slope", "memory", "slope"},
	}
	var before, slope, first float64
	for i, s := range found {
		perNode, memory := "", ""
		if i > 0 {
			last := found[i-1]
			more := float64(s.nodes - last.nodes)
			slope = (s.seconds - last.seconds) / more
			perNode = fmt.Sprintf("%.0f ms/node", 1000*slope)
			memory = fmt.Sprintf("%.2f MiB/node", (s.memory-last.memory)/more)
			if i == 1 {
				first = slope
			}
			before = slope
		}
		t.Row(fmt.Sprint(s.nodes), fmt.Sprint(s.resources), fmt.Sprintf("%.1f s", s.seconds), perNode, fmt.Sprintf("%.0f MiB", s.memory), memory)
	}
	if before > first*steady {
		t.Missed = append(t.Missed, fmt.Sprintf("a node costs %.0f ms at first and %.0f ms in the end", 1000*first, 1000*before))
	}
	return t
}
