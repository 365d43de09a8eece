package model

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	apiv1 "github.com/cloudnative-pg/cloudnative-pg/api/v1"
	claims "github.com/cloudnative-pg/cloudnative-pg/pkg/reconciler/persistentvolumeclaim"
	"github.com/cloudnative-pg/cloudnative-pg/pkg/specs"
	"github.com/cloudnative-pg/cloudnative-pg/pkg/utils"
	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

const (
	// PostgresType is a replicated database, of which the operator CloudNativePG makes pods, claims, Services and budgets.
	PostgresType = "kubernetes:" + postgresGroup + "v1:Cluster"
	// PostgresKind is its kind, and that of the workload that it is.
	PostgresKind = "Cluster"

	postgresGroup = "postgresql.cnpg.io/"
)

// Postgres is a Cluster of CloudNativePG with what its operator makes of it. The operator's own code says what that is.
type Postgres struct {
	Object[apiv1.Cluster]
	// Set is the instances: pods of one template, each with claims of its own, that are replaced in place and one at a time.
	Set Object[appsv1.StatefulSet]
	// suffixes end the names of an instance's claims, by the volume of the pod.
	suffixes map[string]string
}

// Instances is how many there are to be, the primary among them.
func (p *Postgres) Instances() int { return p.Value.Spec.Instances }

// ClaimName is that of an instance's claim for a volume.
func (p *Postgres) ClaimName(volume, instance string) string { return instance + p.suffixes[volume] }

// Synchronous is how many standbys must have what is committed, 0 where none must, and Blocks tells whether commits wait where there are
// fewer.
func (p *Postgres) Synchronous() (standbys int, blocks bool) {
	spec := p.Value.Spec
	if s := spec.PostgresConfiguration.Synchronous; s != nil {
		return s.Number, s.DataDurability == apiv1.DataDurabilityLevelRequired
	}
	return spec.MaxSyncReplicas, spec.MinSyncReplicas > 0
}

// SwitchesOver tells whether another instance becomes the primary before the primary of another template starts.
func (p *Postgres) SwitchesOver() bool {
	return p.Instances() > 1 && p.Value.GetPrimaryUpdateMethod() == apiv1.PrimaryUpdateMethodSwitchover
}

// Supervised tells whether the primary is replaced only when a person says so.
func (p *Postgres) Supervised() bool {
	return p.Value.GetPrimaryUpdateStrategy() == apiv1.PrimaryUpdateStrategySupervised
}

// Awaited tells whether Pulumi waits for the instances: it knows nothing of the kind, and does where it is told to.
// https://www.pulumi.com/registry/packages/kubernetes/installation-configuration/#pulumi-com-waitfor
func (p *Postgres) Awaited() bool { return p.Value.Annotations["pulumi.com/waitFor"] != "" }

// PostgresOf is the Cluster that a resource is, or that its operator makes the resource of; nil for any other.
func (s *Stack) PostgresOf(r *Resource) *Postgres {
	for _, p := range s.Postgres {
		if p.URN == r.URN {
			return p
		}
	}
	return nil
}

// isOtherOfPostgres tells whether a resource is of the same operator, and of a kind that is not read.
func isOtherOfPostgres(r *Resource) bool {
	return strings.HasPrefix(r.Type, "kubernetes:"+postgresGroup) && r.Type != PostgresType && !isPatch(Kind(r))
}

// silence drops the operator's own log, of which a reviewer has no use.
var silence = sync.OnceFunc(func() { log.SetLogger(logr.Discard()) })

// readPostgres puts what the operator makes of each Cluster beside what the program declares. One whose name is not known yet makes
// objects that nobody can name.
func (s *Stack) readPostgres() {
	for _, r := range s.Resources {
		if isOtherOfPostgres(r) {
			s.NotEvaluated(r, "")
		}
	}
	for _, r := range s.Of(PostgresType) {
		name, known := r.Text("metadata.name")
		if !known || name == "" {
			s.NotEvaluated(r, "metadata.name")
			s.Opaque = append(s.Opaque, r)
			continue
		}
		silence()
		p := &Postgres{Object: newObject[apiv1.Cluster](r), suffixes: map[string]string{}}
		if p.Malformed == nil {
			p.Malformed = s.operate(p)
		}
		if p.Malformed != nil { // what is wrong is said of the instances
			p.Set = Object[appsv1.StatefulSet]{Resource: r, Malformed: p.Malformed}
		}
		s.Postgres = append(s.Postgres, p)
		s.StatefulSets = append(s.StatefulSets, p.Set)
	}
}

// operate does what the operator does with a Cluster that is new.
// Source: github.com/cloudnative-pg/cloudnative-pg, internal/controller/cluster_create.go.
func (s *Stack) operate(p *Postgres) error {
	cluster := &p.Value
	cluster.TypeMeta = metav1.TypeMeta{APIVersion: apiv1.SchemeGroupVersion.String(), Kind: apiv1.ClusterKind}
	cluster.Namespace = p.Namespace()
	if !p.Has("spec.instances") || p.Unknown("spec.instances") {
		cluster.Spec.Instances = 1 // the default of the custom resource's schema; what is not known stays unknown
	}
	cluster.SetDefaults()
	cluster.Status.Image = cluster.Spec.ImageName
	if err := s.instances(p); err != nil {
		return fmt.Errorf("%s: %w", p, err)
	}
	s.postgresServices(p)
	s.postgresBudget(p)
	s.postgresSecrets(p)
	if account := cluster.GetServiceAccountName(); account == cluster.Name { // another one is the program's
		s.make(p, "ServiceAccount", account)
	}
	return nil
}

// postgresSecrets makes the Secrets of the names that the operator gives them. Those of other names it is told, and makes none.
func (s *Stack) postgresSecrets(p *Postgres) {
	cluster := &p.Value
	own := map[string]string{
		apiv1.DefaultServerCaSecretSuffix: cluster.GetServerCASecretName(), apiv1.ServerSecretSuffix: cluster.GetServerTLSSecretName(),
		apiv1.ReplicationSecretSuffix: cluster.GetReplicationSecretName(), apiv1.ApplicationUserSecretSuffix: cluster.GetApplicationSecretName(),
	}
	if cluster.GetEnableSuperuserAccess() {
		own[apiv1.SuperUserSecretSuffix] = cluster.GetSuperuserSecretName()
	}
	for _, suffix := range slices.Sorted(maps.Keys(own)) {
		if own[suffix] == cluster.Name+suffix {
			s.make(p, "Secret", own[suffix])
		}
	}
}

// make notes an object of the core API that the operator makes and of which nothing but the name counts.
func (s *Stack) make(p *Postgres, kind, name string) {
	token := "kubernetes:core/v1:" + kind
	object := metav1.PartialObjectMetadata{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: kind}}
	object.Name, object.Namespace = name, p.Namespace()
	s.Made = append(s.Made, made(p.Resource, token, &object))
}

// instances makes the StatefulSet of the pods that the operator makes itself.
func (s *Stack) instances(p *Postgres) error {
	cluster := &p.Value
	pod, err := specs.NewInstance(context.Background(), *cluster, 1, true)
	if err != nil {
		return err
	}
	cluster.SetInheritedData(&pod.ObjectMeta)
	template := corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: pod.Labels, Annotations: pod.Annotations}, Spec: *pod.Spec.DeepCopy(),
	}
	// What each instance has of its own is in no template.
	delete(template.Labels, utils.InstanceNameLabelName)
	maps.DeleteFunc(template.Annotations, func(key, _ string) bool { return strings.HasPrefix(key, utils.MetadataNamespace+"/") })
	template.Spec.Hostname = ""
	for i := range template.Spec.Containers {
		c := &template.Spec.Containers[i]
		c.Env = slices.DeleteFunc(c.Env, func(v corev1.EnvVar) bool { return v.Name == "POD_NAME" })
	}
	template.Spec.Volumes = slices.DeleteFunc(template.Spec.Volumes, func(v corev1.Volume) bool { return v.PersistentVolumeClaim != nil })
	if image := s.operatorImage(); image != "" {
		for i := range template.Spec.InitContainers {
			if c := &template.Spec.InitContainers[i]; c.Name == specs.BootstrapControllerContainerName {
				c.Image = image
			}
		}
	}
	count := int32(cluster.Spec.Instances)
	set := appsv1.StatefulSet{TypeMeta: cluster.TypeMeta, ObjectMeta: metav1.ObjectMeta{Name: cluster.Name, Namespace: cluster.Namespace}}
	set.Spec = appsv1.StatefulSetSpec{
		Replicas: &count, Template: template, ServiceName: cluster.GetServiceReadName(), PodManagementPolicy: appsv1.OrderedReadyPodManagement,
		Selector:       &metav1.LabelSelector{MatchLabels: anyInstance(cluster)},
		UpdateStrategy: appsv1.StatefulSetUpdateStrategy{Type: appsv1.RollingUpdateStatefulSetStrategyType},
	}
	if set.Spec.VolumeClaimTemplates, err = p.claims(pod); err != nil {
		return err
	}
	r := made(p.Resource, PostgresType, &set)
	r.Name = p.Name
	p.Set = Object[appsv1.StatefulSet]{Resource: r, Value: set}
	return nil
}

// claims are those of one instance, named like the volumes of its pod.
func (p *Postgres) claims(pod *corev1.Pod) ([]corev1.PersistentVolumeClaim, error) {
	calculators := []claims.ExpectedObjectCalculator{claims.NewPgDataCalculator()}
	if p.Value.ShouldCreateWalArchiveVolume() {
		calculators = append(calculators, claims.NewPgWalCalculator())
	}
	for _, tablespace := range p.Value.Spec.Tablespaces {
		calculators = append(calculators, claims.NewPgTablespaceCalculator(tablespace.Name))
	}
	var templates []corev1.PersistentVolumeClaim
	for _, calculator := range calculators {
		storage, err := calculator.GetStorageConfiguration(&p.Value)
		if err != nil {
			return nil, err
		}
		if storage.Size == "" && p.storageUnknown() {
			storage.Size = "1" // any: the claim is not known
		}
		claim, err := claims.Build(&p.Value, &claims.CreateConfiguration{NodeSerial: 1, Calculator: calculator, Storage: storage})
		if err != nil {
			return nil, err
		}
		for _, volume := range pod.Spec.Volumes {
			if volume.PersistentVolumeClaim != nil && volume.PersistentVolumeClaim.ClaimName == claim.Name {
				p.suffixes[volume.Name] = strings.TrimPrefix(claim.Name, pod.Name)
				templates = append(templates, corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: volume.Name}, Spec: claim.Spec})
			}
		}
	}
	return templates, nil
}

// storageUnknown tells whether how large a volume is to be is not known.
func (p *Postgres) storageUnknown() bool {
	return len(p.UnknownBelow("spec.storage"))+len(p.UnknownBelow("spec.walStorage"))+len(p.UnknownBelow("spec.tablespaces")) > 0
}

// anyInstance selects the pods of a Cluster, whatever part each has at present.
func anyInstance(cluster *apiv1.Cluster) map[string]string {
	return map[string]string{utils.ClusterLabelName: cluster.Name, utils.PodRoleLabelName: string(utils.PodRoleInstance)}
}

// postgresServices makes the Services. The operator gives one instance the part of the primary and takes it away again: a Service that leads
// to a part leads to any instance, if there are as many.
func (s *Stack) postgresServices(p *Postgres) {
	cluster := &p.Value
	for _, service := range []struct {
		enabled bool
		object  *corev1.Service
		fewest  int
	}{
		{cluster.IsReadWriteServiceEnabled(), specs.CreateClusterReadWriteService(*cluster), 1},
		{cluster.IsReadOnlyServiceEnabled(), specs.CreateClusterReadOnlyService(*cluster), 2},
		{cluster.IsReadServiceEnabled(), specs.CreateClusterReadService(*cluster), 1},
	} {
		if !service.enabled {
			continue
		}
		object := service.object
		object.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Service"}
		cluster.SetInheritedData(&object.ObjectMeta)
		if p.Instances() >= service.fewest {
			object.Spec.Selector = anyInstance(cluster)
		}
		r := made(p.Resource, "kubernetes:core/v1:Service", object)
		s.Made = append(s.Made, r)
		s.Services = append(s.Services, Object[corev1.Service]{Resource: r, Value: *object})
	}
}

// postgresBudget makes one budget of the two that the operator makes, which leave the primary and all standbys but one: before a drain may
// have the primary the operator lets another instance be it, so that the pod is a standby's by then.
// Source: github.com/cloudnative-pg/cloudnative-pg, internal/controller (reconcilePodDisruptionBudget, setPrimaryOnSchedulableNode).
func (s *Stack) postgresBudget(p *Postgres) {
	cluster := &p.Value
	maintained := cluster.IsNodeMaintenanceWindowInProgress() && cluster.IsReusePVCEnabled()
	if !cluster.GetEnablePDB() || maintained && p.Instances() == 1 {
		return
	}
	budget := specs.BuildPrimaryPodDisruptionBudget(cluster)
	ready := budget.Spec.MinAvailable.IntVal
	if standbys := specs.BuildReplicasPodDisruptionBudget(cluster); standbys != nil && !maintained {
		ready += standbys.Spec.MinAvailable.IntVal
	}
	budget.TypeMeta = metav1.TypeMeta{APIVersion: policyv1.SchemeGroupVersion.String(), Kind: "PodDisruptionBudget"}
	budget.OwnerReferences = nil
	together := intstr.FromInt32(ready)
	budget.Spec = policyv1.PodDisruptionBudgetSpec{MinAvailable: &together, Selector: &metav1.LabelSelector{MatchLabels: anyInstance(cluster)}}
	r := made(p.Resource, "kubernetes:policy/v1:PodDisruptionBudget", budget)
	s.Made = append(s.Made, r)
	s.Budgets = append(s.Budgets, Object[policyv1.PodDisruptionBudget]{Resource: r, Value: *budget})
}

// operatorImage is the image of the operator of this stack, which is in the pods of each instance as well; empty where there is none.
func (s *Stack) operatorImage() string {
	for _, d := range s.Deployments {
		if image := imageOfOperator(&d.Value.Spec.Template.Spec); image != "" {
			return image
		}
	}
	return ""
}

// imageOfOperator is the image that the operator is told to put into instances, empty for other pods.
func imageOfOperator(pod *corev1.PodSpec) string {
	for _, c := range pod.Containers {
		for _, variable := range c.Env {
			if variable.Name == "OPERATOR_IMAGE_NAME" {
				return variable.Value
			}
		}
	}
	return ""
}

// IsPostgresOperator tells whether pods are those of CloudNativePG's operator.
func IsPostgresOperator(w Workload) bool { return imageOfOperator(&w.Template.Spec) != "" }
