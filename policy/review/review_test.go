package review

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/model/snapshot"
	"ecommerce-platform/policy/report"
	"ecommerce-platform/policy/rollout"
	"ecommerce-platform/policy/waiver"
)

const hostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDIeKv8WITmJLmgz8N51tutk8vStn36md2HVN6qM/JNX"

const deployment = "kubernetes:apps/v1:Deployment"

func of(t *testing.T, changes ...modeltest.Change) *Review {
	t.Helper()
	return Of(t.Context(), modeltest.Resources(t, "dev-preview.json", changes...), Running{})
}

func TestTheDevStackBreaksNothing(t *testing.T) {
	r := of(t)
	for _, v := range r.Report.Violations {
		assert.NotEqual(t, report.Mandatory, v.Level, "%s: %s", v.Rule, v.Message)
	}
	assert.NotEqual(t, report.Fails, r.Report.Verdict)
	assert.Empty(t, r.Findings(PackError))
	assert.Empty(t, r.Findings(report.AnyOrder))
	for _, o := range r.Report.Rollouts {
		assert.Empty(t, o.Doubt, o.Tier)
	}
	for _, d := range r.Report.Drains {
		assert.Empty(t, d.Doubt, d.Node)
	}
}

// wide is a large cache, of one pod.
func wide() []modeltest.Change {
	return []modeltest.Change{
		modeltest.Set(deployment, "shop-redis", "spec.replicas", 1.0),
		modeltest.Set(deployment, "shop-redis", "spec.template.spec.containers[0].resources.requests.cpu", "900m"),
	}
}

// A large cache that comes last takes the node that is left. One that comes first may take that of the backends, which have no other.
func TestWhatRestsOnTheOrderOfPodsMayNotWork(t *testing.T) {
	r := of(t, wide()...)
	assert.Empty(t, r.Findings(Placement), "in the usual order everything has a place")
	assert.Equal(t, report.May, r.Report.Verdict)
	require.Len(t, r.Findings(report.AnyOrder), 1)
	assert.Contains(t, r.Findings(report.AnyOrder)[0].Message, "it depends on the order in which pods come")
	assert.Contains(t, r.Findings(report.AnyOrder)[0].Message, "stay Pending")
	assert.Contains(t, r.Report.Headline, "May not work: ")
}

// One that is declared first takes the node of the backends in the usual order, and in another one does not.
func TestWhatWorksInOneCourseIsNotSaidToFail(t *testing.T) {
	first := append(wide(), modeltest.Copy(deployment, "shop-redis", "first"), modeltest.Remove(deployment, "shop-redis"))
	of := func(number int) course {
		w, err := findWays(t.Context(), Running{}, nil, modeltest.Dev(t, first...))
		require.NoError(t, err)
		c, err := w.settle(number)
		require.NoError(t, err)
		return c
	}
	require.True(t, of(0).fails(), "in the usual order a pod has no place")
	r := Of(t.Context(), modeltest.Resources(t, "dev-preview.json", first...), Running{})
	assert.Equal(t, report.May, r.Report.Verdict)
	assert.Empty(t, r.Findings(Placement))
	for _, tier := range r.Report.Placement.Tiers {
		assert.Zero(t, tier.Pending, "the tables show the course in which it works")
	}
}

func TestARolloutOrDrainThatCompletesInOneCourseIsNotSaidToBeStuck(t *testing.T) {
	r := &Review{}
	r.Report.Rollouts = []rollout.Rollout{{URN: "a", Stuck: "no room"}, {URN: "b", Completes: true, Lowest: 3}}
	r.doubtRollouts([]rollout.Rollout{{URN: "a", Completes: true, Lowest: 1}, {URN: "b", Completes: true, Lowest: 2}})
	assert.Equal(t, []rollout.Rollout{
		{URN: "a", Completes: true, Lowest: 1, Doubt: "no room"}, {URN: "b", Completes: true, Lowest: 2},
	}, r.Report.Rollouts)
	blocked := []rollout.Blocked{{Reason: "budget"}}
	r.Report.Drains = []rollout.Drain{{Node: "a", Blocked: blocked}, {Node: "b", Completes: true}}
	r.doubtDrains([]rollout.Drain{{Node: "a", Completes: true}, {Node: "b", Blocked: blocked}})
	assert.Equal(t, []rollout.Drain{{Node: "a", Completes: true, Doubt: "budget"}, {Node: "b", Completes: true, Doubt: "budget"}}, r.Report.Drains)
}

func TestFindingsNameTheResourceTheReasonAndTheRemedy(t *testing.T) {
	for name, c := range map[string]struct {
		policy   string
		change   modeltest.Change
		messages []string
	}{
		"a pod that stays Pending": {
			Placement, modeltest.Set(deployment, "shop-redis", "spec.replicas", 3.0),
			[]string{"deployment redis: 1 of 3 pods stay Pending", "didn't match pod anti-affinity rules", "add or change a node"},
		},
		"a pod that is never made": {
			Placement, modeltest.Add(model.LimitRangeType, "limits", map[string]any{
				"metadata": map[string]any{"name": "limits", "namespace": "ecommerce"},
				"spec":     map[string]any{"limits": []any{map[string]any{"type": "Container", "max": map[string]any{"memory": "512Mi"}}}},
			}),
			[]string{
				"deployment postgres: 1 of 1 pods are never made: the API server refuses it: maximum memory usage per Container is 512Mi, but limit is 1Gi",
				"ask for what the LimitRange allows",
			},
		},
		"a quantity that is none": {
			Placement, modeltest.Set(deployment, "shop-redis", "spec.template.spec.containers[0].resources.requests.cpu", "lots"),
			[]string{"shop-redis: quantities must match", "correct the value"},
		},
		"a rollout that deadlocks": {
			Rollout, modeltest.Unset(deployment, "shop-redis", "spec.strategy"),
			[]string{"deployment redis: a rollout with RollingUpdate, surge 1, unavailable 0 never finishes", "set maxSurge 0"},
		},
		"a tier that cannot grow": {
			Growth, modeltest.Autoscaled("backend", 2, 9),
			[]string{"autoscale: backend can grow to ", " of max 9, the scheduler says: ", "Insufficient cpu", "lower autoscale.max"},
		},
		"a budget that holds drains up": {
			Drain, modeltest.Set("kubernetes:policy/v1:PodDisruptionBudget", "shop-postgres", "spec.maxUnavailable", 0.0),
			[]string{"can never be drained", "budget postgres wants 1 of 1", "use maxUnavailable 1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := of(t, c.change)
			findings := r.Findings(c.policy)
			require.Len(t, findings, 1)
			assert.Contains(t, findings[0].Resource, "::shop-")
			for _, message := range c.messages {
				assert.Contains(t, findings[0].Message, message)
			}
		})
	}
}

func TestAnAnalysisThatPanicsIsAMandatoryFindingAndTheOthersGoOn(t *testing.T) {
	r := &Review{findings: map[string][]Finding{}}
	var unset *Review
	r.guard("first", func() error { return errors.New(unset.errors[0].Message) })
	r.guard("second", func() error { return errors.New("no such thing") })
	went := false
	r.guard("third", func() error { went = true; return nil })
	assert.True(t, went)
	require.Len(t, r.errors, 2)
	assert.Contains(t, r.errors[0].Message, "policy pack error in first: panic: runtime error: invalid memory address or nil pointer dereference")
	assert.Contains(t, r.errors[0].Message, "review_test.go:")
	assert.Contains(t, r.errors[1].Message, "no such thing")
	r.findings[PackError] = r.errors
	r.conclude(strings.Clone)
	assert.Equal(t, report.Fails, r.Report.Verdict)
}

func TestNoTextOfAReportHoldsASecret(t *testing.T) {
	r := of(t, modeltest.Set(deployment, "shop-redis", "spec.template.spec.nodeSelector", map[string]any{"tier": "hidden-value"}),
		modeltest.Set(deployment, "shop-backend", "spec.template.spec.containers[0].resources.requests.cpu", "hidden-amount"),
		modeltest.Set("aws:ec2/instance:Instance", "worker-node-2", "instanceType", "hidden.size"), modeltest.Secret())
	body, err := json.Marshal(r.Report)
	require.NoError(t, err)
	for _, text := range []string{string(body), r.Report.Text()} {
		assert.NotContains(t, text, "hidden")
		assert.Contains(t, text, "(secret)")
	}
}

func TestWhatIsShownElsewhereIsNoSecret(t *testing.T) {
	r := of(t, modeltest.Set("kubernetes:core/v1:Secret", "shop-postgres", "stringData.user", property.New("postgres").WithSecret(true)))
	for _, v := range r.Report.Violations {
		assert.NotContains(t, v.Message, "(secret)")
	}
}

// A waiver takes a finding out of what fails, and keeps it in sight.
func TestAFindingThatIsWaivedStaysInTheReport(t *testing.T) {
	resources := modeltest.Resources(t, "dev-preview.json", modeltest.Set(deployment, "shop-backend", "spec.template.spec.containers[0].image", "nginx:latest"))
	reviewed := func(w waiver.Waiver) *Review {
		return under(t.Context(), resources, Running{}, func() ([]waiver.Waiver, error) { return []waiver.Waiver{w}, nil })
	}
	w := waiver.Waiver{Rule: "image-tag", Resource: "shop-backend", Reason: "this stack tries nightly builds", Decided: "2026-11-30"}
	r := reviewed(w)
	assert.NotEqual(t, report.Fails, r.Report.Verdict)
	assert.Empty(t, r.Findings("image-tag"))
	assert.Empty(t, r.Findings(waiver.Policy))
	require.Len(t, r.Report.Waived, 1)
	assert.Equal(t, report.Mandatory, r.Report.Waived[0].Level)
	assert.Contains(t, r.Report.Text(), "nginx:latest")
	assert.Contains(t, r.Report.Text(), "because: this stack tries nightly builds (decided 2026-11-30)")

	for says, change := range map[string]func(*waiver.Waiver){
		"it expired on 2020-01-01":          func(w *waiver.Waiver) { w.Expires = "2020-01-01" },
		"it gives no reason":                func(w *waiver.Waiver) { w.Reason = "" },
		"the resource keeps the rule":       func(w *waiver.Waiver) { w.Resource = "shop-redis" },
		"no such rule that can be waived":   func(w *waiver.Waiver) { w.Rule = PackError },
		"it waives nothing, since there is": func(w *waiver.Waiver) { w.Resource = "backend" },
	} {
		wrong := w
		change(&wrong)
		r := reviewed(wrong)
		assert.Equal(t, report.Fails, r.Report.Verdict, says)
		assert.Empty(t, r.Report.Waived, says)
		require.Len(t, r.Findings(waiver.Policy), 1, says)
		assert.Contains(t, r.Findings(waiver.Policy)[0].Message, says)
	}

	broken := under(t.Context(), resources, Running{}, func() ([]waiver.Waiver, error) { return nil, errors.New("waivers.json: unexpected end") })
	assert.Len(t, broken.Findings("image-tag"), 1)
	require.Len(t, broken.Findings(PackError), 1)
	assert.Contains(t, broken.Findings(PackError)[0].Message, "waivers.json: unexpected end")
}

// What a preview keeps of a stack that is deployed has marks in the place of secrets. The verdict on it is the same.
func TestASnapshotOfADeployedStackIsReviewedAsTheStackIs(t *testing.T) {
	secret := func(values map[string]property.Value) property.Value { return property.New(values).WithSecret(true) }
	deployed := modeltest.Set("kubernetes:core/v1:Secret", "shop-postgres", "data", secret(map[string]property.Value{"password": property.New("aHVudGVyMg==")}))
	resources := modeltest.Resources(t, "dev-preview.json", deployed)
	for i, r := range resources {
		if r.Type == model.CommandType {
			resources[i].Properties = r.Properties.Set("create", property.New("true")).Set("connection", secret(map[string]property.Value{
				"host": property.New("192.0.2.1"), "port": property.New(22.0), "perDialTimeout": property.New(5.0), "hostKey": property.New(hostKey),
			}))
		}
	}
	saved := modeltest.Saved(t, resources)
	running := Running{Resources: saved}
	want, got := Of(t.Context(), resources, running), Of(t.Context(), saved, running)
	assert.NotEqual(t, report.Fails, want.Report.Verdict)
	assert.Equal(t, want.Report, got.Report)
}

func TestPoliciesOfOneValidationShareAReview(t *testing.T) {
	full := errors.New("no space left on device")
	kept, published := 0, 0
	once := &Once{
		Keep: func(resources []policyx.AnalyzerResource) error {
			kept += len(snapshot.Redact(resources))
			return full
		},
		Publish: func(_ *Review, err error) {
			published++
			assert.Equal(t, full, err)
		},
	}
	resources := modeltest.Resources(t, "dev-preview.json")
	first := once.Review(t.Context(), resources)
	assert.Same(t, first, once.Review(t.Context(), resources))
	assert.NotSame(t, first, once.Review(t.Context(), modeltest.Resources(t, "dev-preview.json")))
	assert.Equal(t, 2*len(resources), kept)
	assert.Equal(t, 2, published)
}

func TestTheReportIsWrittenWhereTheEnvironmentSays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.json")
	t.Setenv(report.File, path)
	r := of(t)
	require.NoError(t, r.Report.Save())
	body, err := os.ReadFile(path)
	require.NoError(t, err)
	var read report.Report
	require.NoError(t, json.Unmarshal(body, &read))
	again, err := json.Marshal(read)
	require.NoError(t, err)
	assert.JSONEq(t, string(body), string(again))
	assert.Equal(t, r.Report.Verdict, read.Verdict)
	assert.Len(t, read.Placement.Tiers, 4)
	t.Setenv(report.File, filepath.Join(path, "below-a-file"))
	require.ErrorContains(t, r.Report.Save(), "PLATFORM_REPORT")
}
