package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// effects are what clients see of a tier of this platform that has no ready pod.
var effects = map[string]string{
	"frontend": "the shop's page is away",
	"backend":  "the shop's page shows no data",
	"postgres": "the database is away",
	"redis":    "the caches are away",
}

// Summary is the report in one sentence each: the verdict, what clients will see, and the cost. base is the report of what the
// cost is compared with, nil for no comparison.
func (r *Report) Summary(base *Report) string {
	return strings.Join(slices.DeleteFunc([]string{r.verdictSentence(), r.ClientEffect(), r.costSentence(base)},
		func(s string) bool { return s == "" }), " ")
}

func (r *Report) verdictSentence() string {
	var broken []string
	for _, v := range r.Violations {
		if v.Level == Mandatory && !slices.Contains(broken, v.Rule) {
			broken = append(broken, v.Rule)
		}
	}
	switch {
	case len(broken) > 0:
		return fmt.Sprintf("Does not work: %s.", strings.Join(broken, ", "))
	case r.Verdict == May:
		return "May not work: it depends on the order in which pods come, or on which of equal nodes they get."
	case r.Verdict == Partly:
		return "Works, as far as a preview can know."
	default:
		return "Works."
	}
}

// ClientEffect is what clients will see. It is empty where nothing runs yet, or where nothing of it is known.
func (r *Report) ClientEffect() string {
	switch {
	case r.Baseline == "":
		return ""
	case !r.Changes():
		return "Nothing is deployed yet, so no client loses anything."
	case len(r.Clients) == 0:
		return r.tierEffect()
	}
	var parts []string
	for _, seen := range r.Clients {
		switch {
		case seen.Open:
			parts = append(parts, seen.What+" until another change")
		case seen.Seconds > 0:
			parts = append(parts, fmt.Sprintf("%s for %s", seen.What, lasts(seen)))
		}
	}
	if len(parts) == 0 {
		return "Clients lose nothing."
	}
	return "Clients do not get " + strings.Join(parts, ", ") + "."
}

// tierEffect is what clients will see where nobody has added up for how long.
func (r *Report) tierEffect() string {
	if len(r.Outages) == 0 {
		return "Clients lose nothing."
	}
	var parts []string
	for _, outage := range r.Outages {
		effect := effects[outage.Tier]
		if effect == "" {
			effect = outage.Tier + " has no ready pod"
		}
		parts = append(parts, fmt.Sprintf("%s while %s, until %s", effect, outage.While, outage.Until))
	}
	text := strings.Join(parts, "; ") + "."
	return strings.ToUpper(text[:1]) + text[1:]
}

func (r *Report) costSentence(base *Report) string {
	if len(r.Cost.Items) == 0 && len(r.Cost.Unpriced) == 0 {
		return ""
	}
	text := fmt.Sprintf("%.2f %s a month", r.Cost.Monthly, r.Cost.Currency)
	if len(r.Cost.Unpriced) > 0 {
		text = "At least " + text
	}
	if base == nil {
		return text + "."
	}
	switch difference := r.Cost.Monthly - base.Cost.Monthly; {
	case math.Abs(difference) < 0.005:
		return text + ", as before."
	default:
		return fmt.Sprintf("%s, %+.2f.", text, difference)
	}
}
