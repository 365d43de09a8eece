package workloads

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

const maxmemoryName = "maxmemory"

// memoryUnits are those of redis.conf, in which k is 1000 and kb 1024. https://redis.io/docs/latest/operate/oss_and_stack/management/config-file/
var memoryUnits = map[string]int64{
	"": 1, "b": 1, "k": 1000, "kb": 1 << 10, "m": 1000_000, "mb": 1 << 20, "g": 1000_000_000, "gb": 1 << 30,
}

var memoryAmount = regexp.MustCompile(`^([0-9]{1,15})([a-z]*)$`)

// redisMemory reads an amount of memory as redis.conf has it, in bytes; 0 is no bound.
func redisMemory(text string) (int64, error) {
	match := memoryAmount.FindStringSubmatch(strings.ToLower(strings.TrimSpace(text)))
	if match == nil || memoryUnits[match[2]] == 0 {
		return 0, fmt.Errorf("%q is no amount of memory, such as 192mb", text)
	}
	amount, err := strconv.ParseInt(match[1], 10, 64)
	return amount * memoryUnits[match[2]], err
}

// shippedSetting is the value of a setting in redis.conf as it is shipped.
func shippedSetting(name string) string {
	for line := range strings.Lines(siteFile("redis.conf")) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// maxmemory compares what the cache may fill with what its container may use: above the limit the kernel kills the server,
// and every key is gone, before it forgets one.
func (p *problems) maxmemory(redis Redis) {
	setting, own := redis.Settings[maxmemoryName]
	if !own {
		setting = shippedSetting(maxmemoryName)
	}
	fills, err := redisMemory(setting)
	if err != nil {
		p.add("redis.settings."+maxmemoryName, setting, "not an amount of memory, such as 192mb")
		return
	}
	limit, err := resource.ParseQuantity(redis.Limits.Memory)
	if err != nil {
		return // not set, or reported with the other quantities
	}
	switch {
	case fills == 0:
		p.Addf("redis.settings.%s %q: no bound, and redis.limits.memory %q kills the server that reaches it", maxmemoryName, setting, redis.Limits.Memory)
	case limit.Value() <= fills:
		p.Addf("redis.limits.memory %q: must be greater than redis.settings.%s %q, or the server is killed before it forgets a key",
			redis.Limits.Memory, maxmemoryName, setting)
	}
}
