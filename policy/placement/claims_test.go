package placement_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/placement"
)

const (
	statefulSet = "kubernetes:apps/v1:StatefulSet"
	claimType   = "kubernetes:core/v1:PersistentVolumeClaim"
)

// storing gives each pod of the StatefulSet other a claim of 2Gi.
func storing(class any, changes ...modeltest.Change) []modeltest.Change {
	spec := map[string]any{"accessModes": []any{"ReadWriteOnce"}, "resources": map[string]any{"requests": map[string]any{"storage": "2Gi"}}}
	if class != nil {
		spec["storageClassName"] = class
	}
	return append(as(statefulSet, modeltest.Set(statefulSet, "shop-other", "spec.volumeClaimTemplates", []any{
		map[string]any{"metadata": map[string]any{"name": "data"}, "spec": spec},
	})), changes...)
}

// scratch gives each cache a volume of its own.
func scratch(changes ...modeltest.Change) []modeltest.Change {
	return append([]modeltest.Change{podSpec("redis", "volumes[0]", map[string]any{
		"name": "scratch", "ephemeral": map[string]any{"volumeClaimTemplate": map[string]any{"spec": map[string]any{
			"accessModes": []any{"ReadWriteOnce"}, "resources": map[string]any{"requests": map[string]any{"storage": "2Gi"}},
		}}},
	})}, changes...)
}

// The program declares a claim of 1Gi. The StatefulSet has three pods, and of the caches there are two.
func TestClaimsThatControllersMakeCount(t *testing.T) {
	fast := modeltest.Add("kubernetes:storage.k8s.io/v1:StorageClass", "fast", map[string]any{
		"metadata": map[string]any{"name": "fast", "annotations": map[string]any{"storageclass.kubernetes.io/is-default-class": "true"}}, "provisioner": "x",
	})
	for name, c := range map[string]struct {
		changes []modeltest.Change
		pods    int
		reason  string
	}{
		"as many as there are": {storing("fast", quota(map[string]any{
			"persistentvolumeclaims": "4", "requests.storage": "7Gi", "fast.storageclass.storage.k8s.io/requests.storage": "6Gi",
			"fast.storageclass.storage.k8s.io/persistentvolumeclaims": "3", "count/persistentvolumeclaims": "4",
		})), 0, ""},
		"claims": {
			storing("fast", quota(map[string]any{"persistentvolumeclaims": "3"})), 1,
			"its claim data-other-2: exceeded quota: quota, requested: persistentvolumeclaims=1, used: persistentvolumeclaims=3, limited: persistentvolumeclaims=3",
		},
		"what claims ask for": {
			storing("fast", quota(map[string]any{"requests.storage": "3Gi"})), 2,
			"its claim data-other-1: exceeded quota: quota, requested: requests.storage=2Gi, used: requests.storage=3Gi, limited: requests.storage=3Gi",
		},
		"what claims of a class ask for": {
			storing("fast", quota(map[string]any{"fast.storageclass.storage.k8s.io/requests.storage": "5Gi"})), 1,
			"requested: fast.storageclass.storage.k8s.io/requests.storage=2Gi",
		},
		"what claims of another class ask for": {
			storing("slow", quota(map[string]any{"fast.storageclass.storage.k8s.io/requests.storage": "0"})), 0, "",
		},
		"what claims ask for that name no class": {
			storing(nil, fast, quota(map[string]any{"fast.storageclass.storage.k8s.io/persistentvolumeclaims": "1"})), 2,
			"requested: fast.storageclass.storage.k8s.io/persistentvolumeclaims=1",
		},
		"a claim that is declared under the name is that": {
			storing("fast", quota(map[string]any{"persistentvolumeclaims": "4"}), modeltest.Copy(claimType, "shop-postgres", "first"),
				modeltest.Set(claimType, "first", "metadata.name", "data-other-0")), 0, "",
		},
		"a LimitRange": {
			storing("fast", limit("ecommerce", map[string]any{"type": "PersistentVolumeClaim", "max": map[string]any{"storage": "1Gi"}})), 3,
			"its claim data-other-0: maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 2Gi",
		},
		"pods' own, as many as there are": {scratch(quota(map[string]any{"persistentvolumeclaims": "3", "requests.storage": "5Gi"})), 0, ""},
		"pods' own": {
			scratch(quota(map[string]any{"persistentvolumeclaims": "2"})), 1, "-scratch: exceeded quota: quota, requested: persistentvolumeclaims=1",
		},
		"another namespace's": {storing("fast", quotaOf("default", map[string]any{"persistentvolumeclaims": "0"}, nil)), 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := simulate(t, unbounded(c.changes...)...)
			pods, reasons := refusals(s)
			assert.Equal(t, c.pods, pods, reasons)
			if c.reason != "" {
				require.NotEmpty(t, reasons)
				assert.Contains(t, reasons[0], "the API server refuses ")
				assert.Contains(t, reasons[0], c.reason)
			}
			for _, p := range s.TierPlacements() {
				assert.Equal(t, p.Refused, p.Pending, p.Reasons)
			}
		})
	}
}

func TestAStatefulSetsClaimsOutliveItsPods(t *testing.T) {
	s := simulate(t, unbounded(storing("fast", quota(map[string]any{"persistentvolumeclaims": "4"}))...)...)
	for _, tier := range s.Tiers {
		if tier.Name() != "other" {
			continue
		}
		for _, pod := range s.Cluster.Pods() {
			if tier.Owns(pod) {
				require.NoError(t, s.Cluster.Remove(pod))
			}
		}
		for number := range 3 {
			_, refusal, err := s.Cluster.Make(tier.Pod(placement.Next, number+1))
			require.NoError(t, err)
			assert.Nil(t, refusal, "the new pod has the claim of the old one")
		}
		_, refusal, err := s.Cluster.Make(tier.Pod(placement.Next, 4))
		require.NoError(t, err)
		require.NotNil(t, refusal)
		assert.Equal(t, "data-other-3", refusal.Claim)
	}
}

func TestAPodsOwnClaimGoesWithIt(t *testing.T) {
	s := simulate(t, unbounded(scratch(quota(map[string]any{"persistentvolumeclaims": "3"}))...)...)
	var redis *placement.Tier
	for _, tier := range s.Tiers {
		if tier.Name() == "redis" {
			redis = tier
		}
	}
	next := redis.Pod(placement.Next, 1)
	outcome, err := s.Cluster.Schedule(next)
	require.NoError(t, err)
	require.NotNil(t, outcome.Refusal, "there are two caches and the database's claim")
	require.NoError(t, s.Cluster.Restore(s.Settled))
	for _, pod := range s.Cluster.Pods() {
		if redis.Owns(pod) {
			require.NoError(t, s.Cluster.Remove(pod))
			break
		}
	}
	outcome, err = s.Cluster.Schedule(next)
	require.NoError(t, err)
	assert.NotEmpty(t, outcome.Node, outcome.Reason)
}

// Where such a volume can be is not known, but the pod does not wait for that.
func TestAPodWithAVolumeOfItsOwnIsPlaced(t *testing.T) {
	s := simulate(t, scratch()...)
	assert.Zero(t, tier(t, s, "redis").Pending)
	assert.Contains(t, modeltest.Gaps(s.Stack), deployment+" shop-redis spec.template.spec.volumes[0].ephemeral")
}
