package model

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

// instanceType is the hardware of an EC2 instance type.
type instanceType struct {
	vCPU      int64
	memoryMiB int64
	// visibleMiB is the memory that the kubelet reports, 0 where nobody has looked.
	visibleMiB int64
}

// family is the types that share a processor: so much memory for each vCPU, in these sizes.
type family struct {
	gibPerCPU int64
	sizes     string
	// metal is the vCPUs of the size that is a whole machine; none where there is no such size.
	metal int64
}

// families holds the x86-64 ones that a cluster of this size is built from.
// Source: https://docs.aws.amazon.com/ec2/latest/instancetypes/ (general purpose, compute and memory optimized), 2026-11.
var families = map[string]family{
	"m5":  {4, "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge", 96},
	"m5a": {4, "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge", 0},
	"m6i": {4, "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge", 128},
	"m6a": {4, "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge 48xlarge", 192},
	"m7i": {4, "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge metal-24xl metal-48xl", 0},
	"m7a": {4, "medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge 48xlarge metal-48xl", 0},
	"c5":  {2, "large xlarge 2xlarge 4xlarge 9xlarge 12xlarge 18xlarge 24xlarge", 96},
	"c6i": {2, "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge", 128},
	"c7i": {2, "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge metal-24xl metal-48xl", 0},
	"r5":  {8, "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge", 96},
	"r6i": {8, "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge", 128},
	"r7i": {8, "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge metal-24xl metal-48xl", 0},
}

// burstable are the sizes of T2, T3 and T3a. The small ones of T2 have one vCPU.
var burstable = []struct {
	size      string
	vCPU      int64
	memoryMiB int64
}{
	{"nano", 2, 512}, {"micro", 2, 1024}, {"small", 2, 2048}, {"medium", 2, 4096}, {"large", 2, 8192}, {"xlarge", 4, 16384}, {"2xlarge", 8, 32768},
}

// instanceTypes are all types of the families, by name, and sizesOf the sizes of each family.
var instanceTypes, sizesOf = listTypes()

func listTypes() (map[string]instanceType, map[string][]string) {
	types, sizes := map[string]instanceType{}, map[string][]string{}
	add := func(family, size string, of instanceType) {
		types[family+"."+size] = of
		sizes[family] = append(sizes[family], size)
	}
	for _, name := range []string{"t2", "t3", "t3a"} {
		for _, b := range burstable {
			vCPU := b.vCPU
			if name == "t2" && b.memoryMiB < 4096 {
				vCPU = 1
			}
			add(name, b.size, instanceType{vCPU: vCPU, memoryMiB: b.memoryMiB})
		}
	}
	for name, f := range families {
		for size := range strings.FieldsSeq(f.sizes) {
			add(name, size, instanceType{vCPU: vCPUs(size), memoryMiB: vCPUs(size) * f.gibPerCPU << 10})
		}
		if f.metal > 0 {
			add(name, "metal", instanceType{vCPU: f.metal, memoryMiB: f.metal * f.gibPerCPU << 10})
		}
	}
	return types, sizes
}

// vCPUs are those of a size: an xlarge has four.
func vCPUs(size string) int64 {
	switch size {
	case "medium":
		return 1
	case "large":
		return 2
	}
	var times int64 = 1
	_, _ = fmt.Sscanf(strings.TrimPrefix(size, "metal-"), "%dxl", &times)
	return 4 * times
}

// VCPUs are those of an instance type, and whether this package knows it.
func VCPUs(name string) (int, bool) {
	of, known := hardwareOf(name)
	return int(of.vCPU), known
}

// hardwareOf is an instance type, first as InstanceTypesFile has it, and whether it is known.
func hardwareOf(name string) (instanceType, bool) {
	own, _ := ReadInstanceTypes() // an error of it is the review's to report
	if size, known := own[name]; known {
		return instanceType{vCPU: size.VCPU, visibleMiB: size.MemoryMiB}, true
	}
	of, known := instanceTypes[name]
	return of, known
}

// SizesOf are the sizes of an instance type's family, none where this package does not know it.
func SizesOf(name string) []string {
	family, _, _ := strings.Cut(name, ".")
	return sizesOf[family]
}

// kernelShare is the part of a machine's memory, in thousandths, that the hypervisor and the kernel keep, so that the
// kubelet never sees it. A t3.medium shows about 5 %; 7.5 % is what Karpenter assumes for types that it has not measured.
// Source: https://karpenter.sh/docs/reference/settings/ (vm-memory-overhead-percent).
const kernelShare = 75

// visibleMemory is what the kubelet reports as the node's memory.
func (t instanceType) visibleMemory() *resource.Quantity {
	if t.visibleMiB > 0 {
		return resource.NewQuantity(t.visibleMiB<<20, resource.BinarySI)
	}
	kibibytes := t.memoryMiB * 1024 * (1000 - kernelShare) / 1000
	return resource.NewQuantity(kibibytes*1024, resource.BinarySI)
}
