package admission

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apiserver/pkg/admission/plugin/resourcequota"
	apiquota "k8s.io/apiserver/pkg/quota/v1"
	storagehelpers "k8s.io/component-helpers/storage/volume"
	"k8s.io/kubernetes/pkg/apis/core"
	coreconversion "k8s.io/kubernetes/pkg/apis/core/v1"
	"k8s.io/kubernetes/pkg/apis/storage/util"
	evaluators "k8s.io/kubernetes/pkg/quota/v1/evaluator/core"
	"k8s.io/kubernetes/plugin/pkg/admission/limitranger"
)

// claimEvaluator is the API server's. It lists nothing.
var claimEvaluator = evaluators.NewPersistentVolumeClaimEvaluator(nil)

// defaultClass is the StorageClass of claims that name none. Of several it is the newest for the API server, and here the first by name.
func defaultClass(classes []*storagev1.StorageClass) string {
	byName := func(a, b *storagev1.StorageClass) int { return cmp.Compare(a.Name, b.Name) }
	for _, class := range slices.SortedFunc(slices.Values(classes), byName) {
		if util.IsDefaultAnnotation(class.ObjectMeta) {
			return class.Name
		}
	}
	return ""
}

// AdmitClaim returns a claim as the API server stores it, or why a LimitRange does not allow it. What a quota says is asked of an Inventory
// or a Ledger.
func (s *Server) AdmitClaim(claim *corev1.PersistentVolumeClaim) (*corev1.PersistentVolumeClaim, *Refusal, error) {
	claim = claim.DeepCopy()
	if s.class != "" && !storagehelpers.PersistentVolumeClaimHasClass(claim) {
		claim.Spec.StorageClassName = &s.class
	}
	limit := s.limits[claim.Namespace]
	if limit == nil {
		return claim, nil, nil
	}
	internal := &core.PersistentVolumeClaim{}
	if err := coreconversion.Convert_v1_PersistentVolumeClaim_To_core_PersistentVolumeClaim(claim.DeepCopy(), internal, nil); err != nil {
		return nil, nil, fmt.Errorf("claim %s/%s: %w", claim.Namespace, claim.Name, err)
	}
	if err := limitranger.PersistentVolumeClaimValidateLimitFunc(limit, internal); err != nil {
		return claim, refused(ByLimitRange, "persistentvolumeclaims", claim.Name, err), nil
	}
	return claim, nil, nil
}

// RefusesClaim says which quota has no room for one claim more, and nil where each has.
func (l *Ledger) RefusesClaim(claim *corev1.PersistentVolumeClaim) *Refusal {
	attributes := creation(claim, claim, "PersistentVolumeClaim", corev1.SchemeGroupVersion.WithResource("persistentvolumeclaims"))
	if _, err := resourcequota.CheckRequest(l.now(claim.Namespace), attributes, claimEvaluator, nil); err != nil {
		return refused(ByQuota, "persistentvolumeclaims", claim.Name, err)
	}
	return nil
}

// AddClaim counts a claim that has come to be, and RemoveClaim one that is gone.
func (l *Ledger) AddClaim(claim *corev1.PersistentVolumeClaim) error {
	return l.count(claim.Namespace, claim, claimEvaluator, apiquota.Add)
}

// RemoveClaim is described at AddClaim.
func (l *Ledger) RemoveClaim(claim *corev1.PersistentVolumeClaim) error {
	return l.count(claim.Namespace, claim, claimEvaluator, apiquota.Subtract)
}
