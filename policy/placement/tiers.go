package placement

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	appsdefaults "k8s.io/kubernetes/pkg/apis/apps/v1"

	"ecommerce-platform/policy/model"
)

// deploymentKind is the kind of most tiers, and setKind that of those which replace pods in place.
const (
	deploymentKind = "Deployment"
	setKind        = "StatefulSet"
)

// Tier is an object that wants a number of pods of one template, as a Deployment that the API server has completed: a StatefulSet is
// one that replaces pods in place, so is a Cluster of CloudNativePG, a Job one that ends its pods first, a ReplicaSet one that replaces
// none. A run of a CronJob is like a Job.
type Tier struct {
	Resource   *model.Resource
	Deployment *appsv1.Deployment
	// Kind is the object's own.
	Kind string
	// Keeps is set where another template replaces no pod that runs.
	Keeps bool
	// owners name the ReplicaSet of each revision.
	owners map[string]string
	// claims are the templates of those that each pod has for itself and leaves behind, and first is the number of the first pod.
	claims []corev1.PersistentVolumeClaim
	first  int
	// Postgres is the Cluster whose instances the pods are, nil for other kinds. Where the stack declares the class of its volumes, the
	// scheduler is told of them, and a volume that is on one node keeps its pod there. Names are those of instances of a running cluster that
	// have other numbers there than here.
	Postgres     *model.Postgres
	Names        map[int]string
	seen, sticks bool
}

// Name is the object's name.
func (t *Tier) Name() string { return t.Deployment.Name }

// Replicas is how many pods it wants.
func (t *Tier) Replicas() int { return int(*t.Deployment.Spec.Replicas) }

// newTier completes a Deployment, which it takes.
func newTier(r *model.Resource, kind string, deployment *appsv1.Deployment) *Tier {
	appsdefaults.SetObjectDefaults_Deployment(deployment)
	if deployment.Name == "" {
		deployment.Name = r.Name
	}
	if deployment.Namespace == "" {
		deployment.Namespace = metav1.NamespaceDefault
	}
	prefix := deployment.Name
	if kind != deploymentKind { // objects of two kinds may share a name
		prefix = strings.ToLower(kind) + "-" + prefix
	}
	owners := map[string]string{Running: prefix + "-" + Running, Next: prefix + "-" + Next}
	return &Tier{Resource: r, Deployment: deployment, Kind: kind, owners: owners}
}

// readTiers reads what wants a number of pods, and names what makes pods in a way that is not simulated.
func (s *Simulation) readTiers() {
	for _, d := range s.Stack.Deployments {
		if d.Malformed == nil && s.declared(d.Resource) {
			s.Tiers = append(s.Tiers, newTier(d.Resource, deploymentKind, d.Value.DeepCopy()))
		}
	}
	for _, d := range s.Stack.StatefulSets {
		if d.Malformed == nil && s.declared(d.Resource) {
			if p := s.Stack.PostgresOf(d.Resource); p != nil {
				s.Tiers = append(s.Tiers, s.postgres(p, d.Value.DeepCopy()))
				continue
			}
			if len(d.Value.Spec.VolumeClaimTemplates) > 0 {
				s.Stack.NotEvaluated(d.Resource, "spec.volumeClaimTemplates")
			}
			s.Tiers = append(s.Tiers, statefulSet(d.Resource, setKind, d.Value.DeepCopy()))
		}
	}
	for _, d := range s.Stack.ReplicaSets {
		if d.Malformed == nil && s.declared(d.Resource) {
			set := d.Value.DeepCopy()
			tier := newTier(d.Resource, "ReplicaSet", &appsv1.Deployment{ObjectMeta: set.ObjectMeta, Spec: appsv1.DeploymentSpec{
				Replicas: set.Spec.Replicas, Selector: set.Spec.Selector, Template: set.Spec.Template,
			}})
			tier.Keeps = true
			s.Tiers = append(s.Tiers, tier)
		}
	}
	s.readJobs()
	for _, r := range s.Stack.Resources {
		switch kind := model.Kind(r); {
		case kind == "", strings.HasSuffix(kind, "Patch"), simulated[kind]: // a patch is of an object that is not the program's
		case r.Has("spec.template.spec.containers"), r.Has("spec.jobTemplate"):
			s.Stack.NotEvaluated(r, "")
		}
	}
}

// simulated are the kinds whose pods are.
var simulated = map[string]bool{
	deploymentKind: true, setKind: true, "ReplicaSet": true, jobKind: true, cronJobKind: true, "DaemonSet": true,
}

// statefulSet ends a pod before its successor comes, one at a time or as many as it says.
func statefulSet(r *model.Resource, kind string, set *appsv1.StatefulSet) *Tier {
	none, one := intstr.FromInt32(0), intstr.FromInt32(1)
	rolling := &appsv1.RollingUpdateDeployment{MaxSurge: &none, MaxUnavailable: &one}
	if own := set.Spec.UpdateStrategy.RollingUpdate; own != nil && own.MaxUnavailable != nil {
		rolling.MaxUnavailable = own.MaxUnavailable
	}
	tier := newTier(r, kind, &appsv1.Deployment{ObjectMeta: set.ObjectMeta, Spec: appsv1.DeploymentSpec{
		Replicas: set.Spec.Replicas, Selector: set.Spec.Selector, Template: set.Spec.Template,
		Strategy: appsv1.DeploymentStrategy{Type: appsv1.RollingUpdateDeploymentStrategyType, RollingUpdate: rolling},
	}})
	tier.Keeps = set.Spec.UpdateStrategy.Type == appsv1.OnDeleteStatefulSetStrategyType
	tier.claims = set.Spec.VolumeClaimTemplates
	if set.Spec.Ordinals != nil {
		tier.first = int(set.Spec.Ordinals.Start)
	}
	return tier
}
