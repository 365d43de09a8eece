package cost

import "strings"

// creditHour is what a vCPU-hour above the baseline costs in unlimited mode, in every region.
// https://aws.amazon.com/ec2/pricing/on-demand/#T2.2FT3.2FT4g_Unlimited_Mode_Pricing
const creditHour = 0.05

// burstable is the baseline of each size of T3 and T3a, for each of its vCPUs, and how many those are.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-credits-baseline-concepts.html
var burstable = map[string]struct{ vCPUs, baseline float64 }{
	"nano": {2, 0.05}, "micro": {2, 0.10}, "small": {2, 0.20}, "medium": {2, 0.20}, "large": {2, 0.30},
	"xlarge": {4, 0.40}, "2xlarge": {8, 0.40},
}

// surplus is how many vCPUs an instance can be busy with above its baseline; none if it is not burstable.
func surplus(instance string) float64 {
	family, size, _ := strings.Cut(instance, ".")
	if family != "t3" && family != "t3a" {
		return 0
	}
	kind := burstable[size]
	return kind.vCPUs * (1 - kind.baseline)
}
