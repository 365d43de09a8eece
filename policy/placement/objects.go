package placement

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	coredefaults "k8s.io/kubernetes/pkg/apis/core/v1"
)

// objects are those besides nodes and pods that the scheduler takes into account.
func (s *Simulation) objects() []runtime.Object {
	var objects []runtime.Object
	for _, service := range systemServices() {
		objects = append(objects, service)
	}
	for _, service := range s.Stack.Services {
		if service.Malformed == nil && s.known(service.Resource, "spec.selector") {
			objects = append(objects, service.Value.DeepCopy())
		}
	}
	for _, class := range s.Stack.Classes {
		objects = append(objects, class.Value.DeepCopy())
	}
	for _, volume := range s.Stack.Volumes {
		if volume.Malformed != nil || !s.known(volume.Resource, "spec") {
			continue
		}
		object := volume.Value.DeepCopy()
		coredefaults.SetObjectDefaults_PersistentVolume(object)
		object.Status.Phase = corev1.VolumeAvailable
		objects = append(objects, object)
	}
	for _, claim := range s.Stack.Claims {
		if claim.Malformed != nil || !s.known(claim.Resource, "spec") {
			continue
		}
		object := claim.Value.DeepCopy()
		coredefaults.SetObjectDefaults_PersistentVolumeClaim(object)
		object.Status.Phase = corev1.ClaimPending
		objects = append(objects, object)
	}
	for _, tier := range s.Tiers {
		if !tier.seen {
			continue
		}
		for number := range tier.Replicas() {
			for _, claim := range tier.claimsOf(number + 1) {
				coredefaults.SetObjectDefaults_PersistentVolumeClaim(claim)
				claim.Status.Phase = corev1.ClaimPending
				objects = append(objects, claim)
			}
		}
	}
	return objects
}
