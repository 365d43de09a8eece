package model

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestInstanceTypes(t *testing.T) {
	for name, want := range map[string]instanceType{
		"t2.micro": {1, 1024}, "t3.micro": {2, 1024}, "t2.medium": {2, 4096}, "t3.medium": {2, 4096}, "t3a.2xlarge": {8, 32768},
		"m5.large": {2, 8192}, "m5.4xlarge": {16, 65536}, "m5.metal": {96, 393216}, "m7a.medium": {1, 4096}, "m7i.metal-48xl": {192, 786432},
		"c5.18xlarge": {72, 147456}, "c6i.xlarge": {4, 8192}, "r6i.32xlarge": {128, 1048576}, "r7i.large": {2, 16384},
	} {
		assert.Equal(t, want, instanceTypes[name], name)
	}
	assert.Equal(t, []string{"nano", "micro", "small", "medium", "large", "xlarge", "2xlarge"}, SizesOf("t3.huge"))
	assert.Empty(t, SizesOf("x9.large"))
	_, known := VCPUs("c5.8xlarge")
	assert.False(t, known, "C5 has 9xlarge in its place")
}
