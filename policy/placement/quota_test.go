package placement_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/placement"
)

// quota declares a ResourceQuota of the shop's namespace.
func quota(hard map[string]any) modeltest.Change { return quotaOf("ecommerce", hard, nil) }

func quotaOf(namespace string, hard map[string]any, scopes []any) modeltest.Change {
	return modeltest.Add(model.QuotaType, "quota", map[string]any{
		"metadata": map[string]any{"name": "quota", "namespace": namespace}, "spec": map[string]any{"hard": hard, "scopes": scopes},
	})
}

// refusals counts the pods that are never made.
func refusals(s *placement.Simulation) (pods int, reasons []string) {
	for _, outcome := range s.Outcomes {
		if outcome.Refusal != nil {
			pods, reasons = pods+1, append(reasons, outcome.Reason)
		}
	}
	return pods, reasons
}

// The shop has ten pods that ask for 2000m, and no limits but the database's.
func TestPodsOverAQuotaAreNeverMade(t *testing.T) {
	for name, c := range map[string]struct {
		changes []modeltest.Change
		pods    int
		reason  string
	}{
		"as many as there are": {[]modeltest.Change{quota(map[string]any{"pods": "10", "count/pods": "10", "requests.cpu": "2"})}, 0, ""},
		"pods": {
			[]modeltest.Change{quota(map[string]any{"pods": "9"})}, 1, "exceeded quota: quota, requested: pods=1, used: pods=9, limited: pods=9",
		},
		"objects": {
			[]modeltest.Change{quota(map[string]any{"count/pods": "8"})}, 2,
			"exceeded quota: quota, requested: count/pods=1, used: count/pods=8, limited: count/pods=8",
		},
		"cores": {
			[]modeltest.Change{quota(map[string]any{"requests.cpu": "1900m"})}, 1,
			"exceeded quota: quota, requested: requests.cpu=250m, used: requests.cpu=1750m, limited: requests.cpu=1900m",
		},
		"a limit that is asked for and most have not": {
			[]modeltest.Change{quota(map[string]any{"limits.memory": "8Gi"})}, 9, "failed quota: quota: must specify limits.memory for: ",
		},
		"a limit that a LimitRange gives": {
			[]modeltest.Change{
				quota(map[string]any{"limits.memory": "8Gi"}), limit("ecommerce", map[string]any{"type": "Container", "default": map[string]any{"memory": "512Mi"}}),
			}, 0, "",
		},
		"the quota of another namespace": {[]modeltest.Change{quotaOf("default", map[string]any{"pods": "0"}, nil)}, 0, ""},
		"pods that ask for nothing": {
			[]modeltest.Change{resources("redis", map[string]any{}), quotaOf("ecommerce", map[string]any{"pods": "1"}, []any{"BestEffort"})}, 1,
			"exceeded quota: quota, requested: pods=1, used: pods=1, limited: pods=1",
		},
		"pods that end by themselves": {[]modeltest.Change{quotaOf("ecommerce", map[string]any{"pods": "0"}, []any{"Terminating"})}, 0, ""},
		"pods that do not":            {[]modeltest.Change{quotaOf("ecommerce", map[string]any{"pods": "9"}, []any{"NotTerminating"})}, 1, "exceeded quota"},
		"pods of a priority": {
			[]modeltest.Change{
				priorityClass("data", 1000, nil), podSpec("redis", "priorityClassName", "data"),
				modeltest.Add(model.QuotaType, "quota", map[string]any{
					"metadata": map[string]any{"name": "quota", "namespace": "ecommerce"},
					"spec": map[string]any{"hard": map[string]any{"pods": "1"}, "scopeSelector": map[string]any{"matchExpressions": []any{
						map[string]any{"scopeName": "PriorityClass", "operator": "In", "values": []any{"data"}},
					}}},
				}),
			}, 1, "exceeded quota",
		},
		"what a runtime takes besides": {
			[]modeltest.Change{
				runtimeClass(map[string]any{"overhead": map[string]any{"podFixed": map[string]any{"cpu": "100m"}}}),
				podSpec("redis", "runtimeClassName", "gvisor"), quota(map[string]any{"requests.cpu": "2100m"}),
			}, 1, "exceeded quota: quota, requested: requests.cpu=350m, used: requests.cpu=1850m",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := simulate(t, unbounded(c.changes...)...)
			pods, reasons := refusals(s)
			assert.Equal(t, c.pods, pods, reasons)
			if c.reason != "" {
				require.NotEmpty(t, reasons)
				assert.Contains(t, reasons[0], "the API server refuses it: "+c.reason)
			}
			assert.Empty(t, modeltest.Gaps(s.Stack))
		})
	}
}

func TestAPodThatWaitsForANodeCounts(t *testing.T) {
	s := simulate(t, modeltest.Set(deployment, "shop-backend", "spec.template.spec.nodeSelector.tier", "none"), quota(map[string]any{"pods": "9"}))
	pods, _ := refusals(s)
	assert.Equal(t, 1, pods)
	assert.Equal(t, 3, tier(t, s, "backend").Pending)
}

func TestAnUnknownBoundOfAQuotaIsNamed(t *testing.T) {
	s := simulate(t, quota(map[string]any{"pods": "1"}), modeltest.Unknown(model.QuotaType, "quota", "spec.hard.pods"))
	assert.Equal(t, []string{model.QuotaType + " quota spec.hard.pods"}, modeltest.Gaps(s.Stack))
	pods, _ := refusals(s)
	assert.Zero(t, pods)
}

func TestWhatIsGoneIsNotCounted(t *testing.T) {
	s := simulate(t, quota(map[string]any{"pods": "10"}))
	frontend := s.Tiers[1].Pod(placement.Next, 1)
	require.Equal(t, "frontend", s.Tiers[1].Name())
	_, refusal, err := s.Cluster.Make(frontend)
	require.NoError(t, err)
	require.NotNil(t, refusal)
	require.NoError(t, s.Cluster.Remove(s.Cluster.On("worker-node-1")[0]))
	_, refusal, err = s.Cluster.Make(frontend)
	require.NoError(t, err)
	assert.Nil(t, refusal)
	require.NoError(t, s.Cluster.Restore(s.Settled))
	_, refusal, err = s.Cluster.Make(frontend)
	require.NoError(t, err)
	assert.NotNil(t, refusal, "as it was before")
}
