package model

import (
	"fmt"
	"sort"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// The kubelet's own defaults, which kubeadm leaves alone.
// Source: https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/ (maxPods, evictionHard).
const (
	defaultMaxPods        = 110
	defaultMemoryEviction = "100Mi"
	memorySignal          = "memory.available"
	defaultDiskEviction   = "10%"
	diskSignal            = "nodefs.available"
)

// Kubelet holds the fields of KubeletConfiguration that decide how much of a node pods may ask for.
type Kubelet struct {
	MaxPods        int64             `json:"maxPods"`
	SystemReserved map[string]string `json:"systemReserved"`
	KubeReserved   map[string]string `json:"kubeReserved"`
	EvictionHard   map[string]string `json:"evictionHard"`
}

// capacities returns a node's capacity and, as the kubelet computes it, what of that pods may ask for: the capacity
// without what is reserved for the system and Kubernetes, and without the memory below which the kubelet evicts.
// disk is the size of the root volume in GiB, 0 where it is not known; then it has room for everything.
func (k Kubelet) capacities(typeName string, disk float64) (capacity, allocatable corev1.ResourceList, err error) {
	hardware, ok := hardwareOf(typeName)
	if !ok {
		return nil, nil, fmt.Errorf("instance type %q: size not known to the policy pack; %s may name a file that has it", typeName, InstanceTypesFile)
	}
	pods := k.MaxPods
	if pods == 0 {
		pods = defaultMaxPods
	}
	capacity = corev1.ResourceList{
		corev1.ResourceCPU:    *resource.NewQuantity(hardware.vCPU, resource.DecimalSI),
		corev1.ResourceMemory: *hardware.visibleMemory(),
		corev1.ResourcePods:   *resource.NewQuantity(pods, resource.DecimalSI),

		corev1.ResourceEphemeralStorage: *resource.NewQuantity(int64(disk*(1<<30)), resource.BinarySI),
	}
	if disk == 0 {
		capacity[corev1.ResourceEphemeralStorage] = resource.MustParse("1000000Gi")
	}
	allocatable = capacity.DeepCopy()
	eviction, ok := k.EvictionHard[memorySignal]
	if !ok {
		eviction = defaultMemoryEviction
	}
	diskEviction, ok := k.EvictionHard[diskSignal]
	if !ok {
		diskEviction = defaultDiskEviction
	}
	reserved := []map[string]string{k.SystemReserved, k.KubeReserved, {"memory": eviction, string(corev1.ResourceEphemeralStorage): diskEviction}}
	for _, reservation := range reserved {
		for _, name := range sortedKeys(reservation) {
			if err := reserve(allocatable, corev1.ResourceName(name), reservation[name]); err != nil {
				return nil, nil, err
			}
		}
	}
	return capacity, allocatable, nil
}

func reserve(allocatable corev1.ResourceList, name corev1.ResourceName, amount string) error {
	left, ok := allocatable[name]
	if !ok {
		return nil // such as process identifiers, which no pod asks for
	}
	if percent, isPercent := strings.CutSuffix(amount, "%"); isPercent {
		var share float64
		if _, err := fmt.Sscan(percent, &share); err != nil {
			return fmt.Errorf("kubelet reservation of %s %q: must be a quantity or a percentage", name, amount)
		}
		left.Sub(*resource.NewQuantity(int64(float64(left.Value())*share/100), left.Format))
	} else {
		quantity, err := resource.ParseQuantity(amount)
		if err != nil {
			return fmt.Errorf("kubelet reservation of %s %q: must be a quantity or a percentage", name, amount)
		}
		left.Sub(quantity)
	}
	if left.Sign() < 0 {
		left.Set(0)
	}
	allocatable[name] = left
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
