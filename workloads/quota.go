package workloads

import (
	"strconv"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Values of Args.Quota.
const (
	// quotaTiers bounds what the namespace's pods request together.
	quotaTiers = "tiers"
	// quotaNone bounds nothing.
	quotaNone = "none"
)

// unsaid is what a container is counted with that requests nothing.
var unsaid = Resources{CPU: "50m", Memory: "64Mi"}

// guests is for how many pods of nobody's tier, that request nothing, there is room besides.
const guests = 4

// need is what pods request together.
type need struct {
	cpu, memory resource.Quantity
	pods        int
}

// add counts pods. What is no quantity, validation has found.
func (n *need) add(pods int, each Resources) {
	cpu, _ := resource.ParseQuantity(each.CPU)
	memory, _ := resource.ParseQuantity(each.Memory)
	cpu.Mul(int64(pods))
	memory.Mul(int64(pods))
	n.cpu.Add(cpu)
	n.memory.Add(memory)
	n.pods += pods
}

// need is what the tiers request at the most: in a rollout, each pod and the one in whose place it comes, which counts until it has
// ended, and those that come besides.
func (a *Args) need() need {
	n := need{}
	for _, tier := range []struct {
		name string
		pods int
		each Resources
	}{
		{frontendName, a.Frontend.most(), a.Frontend.Requests}, {backendName, a.Backend.most(), a.Backend.Requests},
		{postgresName, a.Postgres.Replicas, a.Postgres.Requests}, {redisName, a.Redis.Replicas, a.Redis.Requests},
	} {
		n.add(2*tier.pods+surges[tier.name], tier.each)
	}
	n.add(guests, unsaid)
	return n
}

// limit bounds what pods of the namespace request together, and has every Deployment wait for it: Kubernetes makes no pod while it does
// not know what is used. Limits are not bounded, since the architecture leaves three tiers without.
func (to *target) limit() error {
	if to.args.Quota == quotaNone {
		return nil
	}
	meta := func(name string) metav1.ObjectMetaArgs {
		return metav1.ObjectMetaArgs{
			Name: pulumi.String(name), Namespace: pulumi.String(to.args.Namespace), Labels: platformLabels(), Annotations: annotations(),
		}
	}
	// A quota refuses pods that request nothing.
	defaults, err := corev1.NewLimitRange(to.ctx, to.child("defaults"), &corev1.LimitRangeArgs{
		Metadata: meta("defaults"),
		Spec: corev1.LimitRangeSpecArgs{Limits: corev1.LimitRangeItemArray{corev1.LimitRangeItemArgs{
			Type: pulumi.String("Container"), DefaultRequest: unsaid.quantities(),
		}}},
	}, to.options()...)
	if err != nil {
		return err
	}
	n := to.args.need()
	quota, err := corev1.NewResourceQuota(to.ctx, to.child("quota"), &corev1.ResourceQuotaArgs{
		Metadata: meta("tiers"),
		Spec: corev1.ResourceQuotaSpecArgs{Hard: pulumi.StringMap{
			"requests.cpu": pulumi.String(n.cpu.String()), "requests.memory": pulumi.String(n.memory.String()), "pods": pulumi.String(strconv.Itoa(n.pods)),
		}},
	}, to.options(pulumi.DependsOn([]pulumi.Resource{defaults}))...)
	if err != nil {
		return err
	}
	to.bounds = append(to.bounds, quota)
	return nil
}
