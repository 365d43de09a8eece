// Package model is a stack as the analyses see it: typed nodes, Kubernetes objects and AWS resources, read from what the
// engine gives a policy pack. What is unknown stays unknown: it never becomes a zero value that an analysis could trust.
package model

import (
	"sort"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	nodev1 "k8s.io/api/node/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
)

// Types of the resources that analyses ask for.
const (
	InstanceType       = "aws:ec2/instance:Instance"
	VpcType            = "aws:ec2/vpc:Vpc"
	SubnetType         = "aws:ec2/subnet:Subnet"
	GroupType          = "aws:ec2/securityGroup:SecurityGroup"
	DefaultGroupType   = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
	RouteTableType     = "aws:ec2/routeTable:RouteTable"
	IngressType        = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	EgressType         = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
	EipType            = "aws:ec2/eip:Eip"
	EipAssociationType = "aws:ec2/eipAssociation:EipAssociation"
	VolumeType         = "aws:ebs/volume:Volume"
	CommandType        = "command:remote:Command"
	InfraType          = "ecommerce-platform:infra:Infra"
	ClusterType        = "ecommerce-platform:cluster:Cluster"
	WorkloadsType      = "ecommerce-platform:workloads:Workloads"
	PoolType           = "kubernetes:crd.projectcalico.org/v1:IPPool"
	BGPType            = "kubernetes:crd.projectcalico.org/v1:BGPConfiguration"
	NetworkPolicyType  = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
	StackType          = "pulumi:pulumi:Stack"
	LimitRangeType     = "kubernetes:core/v1:LimitRange"
	QuotaType          = "kubernetes:core/v1:ResourceQuota"
	RuntimeClassType   = "kubernetes:node.k8s.io/v1:RuntimeClass"
	PriorityClassType  = "kubernetes:scheduling.k8s.io/v1:PriorityClass"
)

// DiskAnnotation of a PersistentVolume names the kind of disk that it has to itself and that outlives the machine. The program's workloads
// layer puts it there.
const DiskAnnotation = "ecommerce-platform/disk"

// Stack is everything that a stack declares.
type Stack struct {
	// Resources are all of them, sorted by type and name.
	Resources []*Resource
	byURN     map[string]*Resource
	byType    map[string][]*Resource

	// Nodes are the machines of the cluster that this stack tells of, in the order of the config where it is known.
	Nodes []*Node
	// Kubelet is the kubelets' configuration as far as it is declared.
	Kubelet Kubelet
	Facts   Facts
	// Sources are what nodes fetch from elsewhere; none where this stack does not hold the cluster.
	Sources []Source

	Deployments  []Object[appsv1.Deployment]
	DaemonSets   []Object[appsv1.DaemonSet]
	StatefulSets []Object[appsv1.StatefulSet]
	ReplicaSets  []Object[appsv1.ReplicaSet]
	Jobs         []Object[batchv1.Job]
	CronJobs     []Object[batchv1.CronJob]
	Pods         []Object[corev1.Pod]
	// Postgres are the replicated databases, whose instances are among the StatefulSets, and Made are the other objects that are made of them,
	// which are none of the Resources. Services and Budgets hold theirs as well.
	Postgres []*Postgres
	Made     []*Resource
	// Workloads are all of these that can be read.
	Workloads []Workload
	// Opaque are the resources that make pods, or may, in a way that this package does not read.
	Opaque     []*Resource
	Services   []Object[corev1.Service]
	Budgets    []Object[policyv1.PodDisruptionBudget]
	ConfigMaps []Object[corev1.ConfigMap]
	Secrets    []Object[corev1.Secret]
	Volumes    []Object[corev1.PersistentVolume]
	Claims     []Object[corev1.PersistentVolumeClaim]
	Classes    []Object[storagev1.StorageClass]
	Namespaces []Object[corev1.Namespace]
	// NetworkPolicies are Kubernetes' own; those of a network plugin are other objects.
	NetworkPolicies []Object[networkingv1.NetworkPolicy]

	// What decides whether a pod may be made and what it asks for, in the version of the API that is read.
	LimitRanges     []Object[corev1.LimitRange]
	Quotas          []Object[corev1.ResourceQuota]
	RuntimeClasses  []Object[nodev1.RuntimeClass]
	PriorityClasses []Object[schedulingv1.PriorityClass]

	// Scalers are all HorizontalPodAutoscalers, and Autoscalers those that scale a Deployment of this stack.
	Scalers     []Object[autoscalingv2.HorizontalPodAutoscaler]
	Autoscalers []Autoscaler

	gaps     map[Gap]bool
	blind    map[string]bool
	redactor *redactor
}

// Facts are plain values that the components publish as their outputs; empty where this stack has no such component.
type Facts struct {
	PodCidr, ServiceCidr                                string
	KubernetesVersion, ContainerdVersion, CalicoVersion string
	// CertificateRenewal and OSUpdate are texts; another one renews the certificates, and updates the nodes' systems.
	CertificateRenewal, OSUpdate string
	// NodeMonitorGracePeriod is how long a node is silent before it counts as not ready; 0 where it is Kubernetes' own.
	NodeMonitorGracePeriod time.Duration
	// APIServer are its arguments that differ from kubeadm's; nil where the program did not publish them yet.
	APIServer map[string]any
}

// Read makes a Stack of the resources that a stack validation policy gets, completed by an Observer.
func Read(resources []policyx.AnalyzerResource) *Stack {
	s := &Stack{byURN: map[string]*Resource{}, byType: map[string][]*Resource{}}
	for _, r := range resources {
		res := newResource(r)
		s.Resources = append(s.Resources, res)
		s.byURN[r.URN] = res
	}
	sort.SliceStable(s.Resources, func(i, j int) bool {
		a, b := s.Resources[i], s.Resources[j]
		if a.Type != b.Type {
			return a.Type < b.Type
		}
		return a.Name < b.Name
	})
	for _, r := range s.Resources {
		s.byType[r.Type] = append(s.byType[r.Type], r)
		s.classify(r)
		if isOpaque(r) {
			s.Opaque = append(s.Opaque, r)
		}
	}
	s.readPostgres()
	s.readAutoscalers()
	s.readWorkloads()
	s.readFacts()
	s.readNodes()
	return s
}

func (s *Stack) classify(r *Resource) {
	switch Kind(r) {
	case "Deployment":
		s.Deployments = append(s.Deployments, newObject[appsv1.Deployment](r))
	case "DaemonSet":
		s.DaemonSets = append(s.DaemonSets, newObject[appsv1.DaemonSet](r))
	case "StatefulSet":
		s.StatefulSets = append(s.StatefulSets, newObject[appsv1.StatefulSet](r))
	case "ReplicaSet":
		s.ReplicaSets = append(s.ReplicaSets, newObject[appsv1.ReplicaSet](r))
	case "Job":
		s.Jobs = append(s.Jobs, newObject[batchv1.Job](r))
	case "CronJob":
		s.CronJobs = append(s.CronJobs, newObject[batchv1.CronJob](r))
	case "Pod":
		s.Pods = append(s.Pods, newObject[corev1.Pod](r))
	case "Service":
		s.Services = append(s.Services, newObject[corev1.Service](r))
	case "PodDisruptionBudget":
		s.Budgets = append(s.Budgets, newObject[policyv1.PodDisruptionBudget](r))
	case "ConfigMap":
		s.ConfigMaps = append(s.ConfigMaps, newObject[corev1.ConfigMap](r))
	case "Secret":
		s.Secrets = append(s.Secrets, newObject[corev1.Secret](r))
	case "PersistentVolume":
		s.Volumes = append(s.Volumes, newObject[corev1.PersistentVolume](r))
	case "PersistentVolumeClaim":
		s.Claims = append(s.Claims, newObject[corev1.PersistentVolumeClaim](r))
	case "StorageClass":
		s.Classes = append(s.Classes, newObject[storagev1.StorageClass](r))
	case "HorizontalPodAutoscaler":
		s.Scalers = append(s.Scalers, newObject[autoscalingv2.HorizontalPodAutoscaler](r))
	case "Namespace":
		s.Namespaces = append(s.Namespaces, newObject[corev1.Namespace](r))
	}
	switch r.Type {
	case NetworkPolicyType:
		s.NetworkPolicies = append(s.NetworkPolicies, newObject[networkingv1.NetworkPolicy](r))
	case LimitRangeType:
		s.LimitRanges = append(s.LimitRanges, newObject[corev1.LimitRange](r))
	case QuotaType:
		s.Quotas = append(s.Quotas, newObject[corev1.ResourceQuota](r))
	case RuntimeClassType:
		s.RuntimeClasses = append(s.RuntimeClasses, newObject[nodev1.RuntimeClass](r))
	case PriorityClassType:
		s.PriorityClasses = append(s.PriorityClasses, newObject[schedulingv1.PriorityClass](r))
	}
}

// Kind returns the kind of a typed Kubernetes resource, such as Deployment, and nothing for anything else.
func Kind(r *Resource) string {
	group, ok := strings.CutPrefix(r.Type, "kubernetes:")
	if !ok {
		return ""
	}
	return group[strings.LastIndex(group, ":")+1:]
}

// isPatch tells whether a kind changes an object that somebody else has made.
func isPatch(kind string) bool { return strings.HasSuffix(kind, "Patch") }

// Of returns the resources of a type, sorted by name.
func (s *Stack) Of(token string) []*Resource { return s.byType[token] }

// Find returns the resource with this type and name, or nil.
func (s *Stack) Find(token, name string) *Resource {
	for _, r := range s.Of(token) {
		if r.Name == name {
			return r
		}
	}
	return nil
}

// ByURN returns the resource, or nil.
func (s *Stack) ByURN(urn string) *Resource { return s.byURN[urn] }

// Referred returns the resources of this stack that the property of r comes from, of any of the types, or of all.
func (s *Stack) Referred(r *Resource, property string, types ...string) []*Resource {
	var found []*Resource
	for _, urn := range r.References(property) {
		target := s.byURN[urn]
		if target == nil {
			continue
		}
		wanted := len(types) == 0
		for _, token := range types {
			wanted = wanted || target.Type == token
		}
		if wanted {
			found = append(found, target)
		}
	}
	return found
}

// Blind records that a rule asked for values of this stack and found none of them known.
func (s *Stack) Blind(rule string) {
	if s.blind == nil {
		s.blind = map[string]bool{}
	}
	s.blind[rule] = true
}

// BlindRules returns the rules that found nothing known, sorted.
func (s *Stack) BlindRules() []string { return sortedKeys(s.blind) }
