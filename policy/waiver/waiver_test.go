package waiver

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/rules"
)

const (
	workloads = "urn:pulumi:dev::ecommerce-platform::ecommerce-platform:workloads:Workloads$kubernetes:"
	backend   = workloads + "apps/v1:Deployment::shop-backend"
	frontend  = workloads + "apps/v1:Deployment::shop-frontend"
	postgres  = workloads + "apps/v1:Deployment::shop-postgres"
)

// stack has a backend and a frontend without a digest, and a backend without a probe.
func stack() *Stack {
	return &Stack{
		Findings: map[string][]rules.Finding{
			"image-digest": {{Resource: backend, Message: "a"}, {Resource: frontend, Message: "b"}},
			"probes-set":   {{Resource: backend, Message: "c"}},
		},
		URNs: []string{backend, frontend, postgres}, Whole: true, Blind: []string{"host-key-pinned"},
		Waivable: func(rule string) bool { return rule != "image-digests" },
		Now:      time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC),
	}
}

// usual waives the backend's digest.
func usual() Waiver {
	return Waiver{Rule: "image-digest", Resource: "shop-backend", Reason: "the tag is made anew for each release", Decided: "2026-10-01"}
}

func TestTheFileOfTheRepositoryCanBeRead(t *testing.T) {
	_, err := All()
	require.NoError(t, err)
	_, err = read([]byte(`[{"rule": "image-digest", "reson": "x"}]`))
	require.ErrorContains(t, err, `waivers.json: json: unknown field "reson"`)
}

func TestFindingsOfTheNamedResourceAreWaived(t *testing.T) {
	for _, change := range []func(*Waiver){
		func(*Waiver) {},
		func(w *Waiver) { w.Resource = "kubernetes:apps/v1:Deployment::shop-backend" },
		func(w *Waiver) { w.Expires = "2026-12-01" },
	} {
		w, s := usual(), stack()
		change(&w)
		waived, problems := s.Apply([]Waiver{w})
		assert.Empty(t, problems)
		assert.Equal(t, []Waived{{rules.Finding{Resource: backend, Message: "a"}, w}}, waived)
		assert.Equal(t, []rules.Finding{{Resource: frontend, Message: "b"}}, s.Findings["image-digest"], "another resource is not waived")
		assert.Len(t, s.Findings["probes-set"], 1, "another rule is not waived")
	}
}

func TestAWaiverThatWaivesNothingSaysWhy(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Waiver)
		says   string
	}{
		"no rule":               {func(w *Waiver) { w.Rule = "image-digests" }, `waivers.json[0] of "image-digests" for "shop-backend": there is no such rule`},
		"no resource":           {func(w *Waiver) { w.Resource = "" }, "it names no resource"},
		"no reason":             {func(w *Waiver) { w.Reason = " " }, "it gives no reason"},
		"no day":                {func(w *Waiver) { w.Decided = "" }, `decided "" is no day`},
		"another day":           {func(w *Waiver) { w.Decided = "30.11.2026" }, `decided "30.11.2026" is no day`},
		"an end that is no day": {func(w *Waiver) { w.Expires = "soon" }, `expires "soon" is no day`},
		"expired today":         {func(w *Waiver) { w.Expires = "2026-11-30" }, "it expired on 2026-11-30; mend what it waives"},
		"unused":                {func(w *Waiver) { w.Resource = "shop-postgres" }, "the resource keeps the rule; remove it"},
		"a name that is not":    {func(w *Waiver) { w.Resource = "backend" }, "there is no such resource"},
		"another type":          {func(w *Waiver) { w.Resource = "kubernetes:core/v1:Service::shop-backend" }, "there is no such resource"},
	} {
		t.Run(name, func(t *testing.T) {
			w, s := usual(), stack()
			c.change(&w)
			waived, problems := s.Apply([]Waiver{w})
			assert.Empty(t, waived)
			assert.Equal(t, stack().Findings, s.Findings)
			require.Len(t, problems, 1)
			assert.Contains(t, problems[0].Message, c.says)
		})
	}
}

func TestWhatAStackCannotTellIsNoUnusedWaiver(t *testing.T) {
	s, w := stack(), usual()
	s.Whole, w.Resource = false, "worker-node-1"
	_, problems := s.Apply([]Waiver{w})
	assert.Empty(t, problems, "it may be in the stack of another layer")

	w = usual()
	w.Rule = "host-key-pinned"
	_, problems = stack().Apply([]Waiver{w})
	assert.Empty(t, problems, "the rule evaluated nothing")
}
