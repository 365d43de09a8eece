package model

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestInstanceTypes(t *testing.T) {
	for name, want := range map[string]instanceType{
		"t2.micro": {vCPU: 1, memoryMiB: 1024}, "t3.micro": {vCPU: 2, memoryMiB: 1024}, "t2.medium": {vCPU: 2, memoryMiB: 4096}, "t3.medium": {vCPU: 2, memoryMiB: 4096}, "t3a.2xlarge": {vCPU: 8, memoryMiB: 32768},
		"m5.large": {vCPU: 2, memoryMiB: 8192}, "m5.4xlarge": {vCPU: 16, memoryMiB: 65536}, "m5.metal": {vCPU: 96, memoryMiB: 393216}, "m7a.medium": {vCPU: 1, memoryMiB: 4096}, "m7i.metal-48xl": {vCPU: 192, memoryMiB: 786432},
		"c5.18xlarge": {vCPU: 72, memoryMiB: 147456}, "c6i.xlarge": {vCPU: 4, memoryMiB: 8192}, "r6i.32xlarge": {vCPU: 128, memoryMiB: 1048576}, "r7i.large": {vCPU: 2, memoryMiB: 16384},
	} {
		assert.Equal(t, want, instanceTypes[name], name)
	}
	assert.Equal(t, []string{"nano", "micro", "small", "medium", "large", "xlarge", "2xlarge"}, SizesOf("t3.huge"))
	assert.Empty(t, SizesOf("x9.large"))
	_, known := VCPUs("c5.8xlarge")
	assert.False(t, known, "C5 has 9xlarge in its place")
}
