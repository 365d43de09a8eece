package calibrate

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"ecommerce-platform/tests/lab/calibrate/trial"
)

// Part is scenarios of one make: those of the seeds from First to before End, of which Cases are tried by default.
type Part struct {
	Name              string
	First, End, Cases uint64
	// title heads its section of the document, and about says in that what its scenarios are.
	title, about string
}

// Parts are the sections of the document.
var Parts = []Part{
	{
		Name: "changes", First: 1, End: trial.FirstWithCronJobs, Cases: 1000, title: "Stacks, changes to them, rollouts and drains",
		about: "Verdicts are of a new cluster, of a change to it, or of what is done afterwards: one tier rolls once more, or one node is drained.",
	},
	{
		Name: "cronjobs", First: trial.FirstWithCronJobs, End: math.MaxUint64, Cases: 200, title: "Runs of CronJobs",
		about: "The stacks have a CronJob or two besides, and what is done afterwards is a run of one, where all else is settled or while one node is drained. " +
			"A run is begun as `kubectl create job --from` does, and works where each of its pods finds a node, and, unless a node is drained meanwhile, " +
			"each pod that it preempts another one.",
	},
}

// PartsOf are those of these names, all without any.
func PartsOf(names []string) ([]Part, error) {
	var known []string
	var parts []Part
	for _, p := range Parts {
		known = append(known, p.Name)
		if len(names) == 0 || slices.Contains(names, p.Name) {
			parts = append(parts, p)
		}
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("PARTS %q: must be of %s", name, strings.Join(known, " and "))
		}
	}
	return parts, nil
}

// seeds are the first of them.
func (p Part) seeds(cases uint64) []uint64 {
	var seeds []uint64
	for seed := p.First; seed < min(p.First+cases, p.End); seed++ {
		seeds = append(seeds, seed)
	}
	return seeds
}

// heading begins the part's section, up to the next heading of that rank.
func (p Part) heading() string { return "## " + p.title + "\n" }

// sectionOf is the part's section in a document, empty where there is none.
func (p Part) sectionOf(document string) string {
	from := strings.Index(document, p.heading())
	if from < 0 {
		return ""
	}
	section := document[from:]
	if end := strings.Index(section, "\n## "); end >= 0 {
		section = section[:end+1]
	}
	return section
}
