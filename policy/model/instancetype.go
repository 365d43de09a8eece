package model

import "k8s.io/apimachinery/pkg/api/resource"

// instanceType is the hardware of an EC2 instance type.
type instanceType struct {
	vCPU      int64
	memoryMiB int64
}

// instanceTypes holds the x86-64 types that a cluster of this size is built from.
// Source: https://docs.aws.amazon.com/ec2/latest/instancetypes/ (general purpose, compute and memory optimized), 2026-11.
var instanceTypes = map[string]instanceType{
	"t2.nano": {1, 512}, "t2.micro": {1, 1024}, "t2.small": {1, 2048}, "t2.medium": {2, 4096},
	"t2.large": {2, 8192}, "t2.xlarge": {4, 16384}, "t2.2xlarge": {8, 32768},
	"t3.nano": {2, 512}, "t3.micro": {2, 1024}, "t3.small": {2, 2048}, "t3.medium": {2, 4096},
	"t3.large": {2, 8192}, "t3.xlarge": {4, 16384}, "t3.2xlarge": {8, 32768},
	"t3a.nano": {2, 512}, "t3a.micro": {2, 1024}, "t3a.small": {2, 2048}, "t3a.medium": {2, 4096},
	"t3a.large": {2, 8192}, "t3a.xlarge": {4, 16384}, "t3a.2xlarge": {8, 32768},
	"m5.large": {2, 8192}, "m5.xlarge": {4, 16384}, "m5.2xlarge": {8, 32768}, "m5.4xlarge": {16, 65536},
	"m5a.large": {2, 8192}, "m5a.xlarge": {4, 16384}, "m5a.2xlarge": {8, 32768}, "m5a.4xlarge": {16, 65536},
	"m6i.large": {2, 8192}, "m6i.xlarge": {4, 16384}, "m6i.2xlarge": {8, 32768}, "m6i.4xlarge": {16, 65536},
	"m6a.large": {2, 8192}, "m6a.xlarge": {4, 16384}, "m6a.2xlarge": {8, 32768}, "m6a.4xlarge": {16, 65536},
	"m7i.large": {2, 8192}, "m7i.xlarge": {4, 16384}, "m7i.2xlarge": {8, 32768}, "m7i.4xlarge": {16, 65536},
	"m7a.large": {2, 8192}, "m7a.xlarge": {4, 16384}, "m7a.2xlarge": {8, 32768}, "m7a.4xlarge": {16, 65536},
	"c5.large": {2, 4096}, "c5.xlarge": {4, 8192}, "c5.2xlarge": {8, 16384}, "c5.4xlarge": {16, 32768},
	"c6i.large": {2, 4096}, "c6i.xlarge": {4, 8192}, "c6i.2xlarge": {8, 16384}, "c6i.4xlarge": {16, 32768},
	"c7i.large": {2, 4096}, "c7i.xlarge": {4, 8192}, "c7i.2xlarge": {8, 16384}, "c7i.4xlarge": {16, 32768},
	"r5.large": {2, 16384}, "r5.xlarge": {4, 32768}, "r5.2xlarge": {8, 65536}, "r5.4xlarge": {16, 131072},
	"r6i.large": {2, 16384}, "r6i.xlarge": {4, 32768}, "r6i.2xlarge": {8, 65536}, "r6i.4xlarge": {16, 131072},
	"r7i.large": {2, 16384}, "r7i.xlarge": {4, 32768}, "r7i.2xlarge": {8, 65536}, "r7i.4xlarge": {16, 131072},
}

// kernelShare is the part of a machine's memory, in thousandths, that the hypervisor and the kernel keep, so that the
// kubelet never sees it. A t3.medium shows about 5 %; 7.5 % is what Karpenter assumes for types that it has not measured.
// Source: https://karpenter.sh/docs/reference/settings/ (vm-memory-overhead-percent).
const kernelShare = 75

// visibleMemory is what the kubelet reports as the node's memory.
func (t instanceType) visibleMemory() *resource.Quantity {
	kibibytes := t.memoryMiB * 1024 * (1000 - kernelShare) / 1000
	return resource.NewQuantity(kibibytes*1024, resource.BinarySI)
}
