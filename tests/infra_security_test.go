package tests

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"ecommerce-platform/tests/pulumitest"
)

// infraSentence says a registered rule in words.
func infraSentence(rec *pulumitest.Recorder, rule *pulumitest.Resource) string {
	group := func(id any) string {
		for _, candidate := range rec.All(infraGroup) {
			if candidate.ID == id {
				return strings.TrimPrefix(candidate.Name, "platform-")
			}
		}
		return fmt.Sprintf("unknown group %v", id)
	}
	peer := rule.Input("cidrIpv4")
	if rule.Has("referencedSecurityGroupId") {
		peer = group(rule.Input("referencedSecurityGroupId"))
	}
	ports := "everything"
	if rule.Input("ipProtocol") != "-1" || rule.Has("fromPort") || rule.Has("toPort") {
		ports = fmt.Sprintf("%v %v-%v", rule.Input("ipProtocol"), rule.Input("fromPort"), rule.Input("toPort"))
	}
	if rule.Type == infraEgress {
		return fmt.Sprintf("%s may send %s to %v", group(rule.Input("securityGroupId")), ports, peer)
	}
	return fmt.Sprintf("%s takes %s from %v", group(rule.Input("securityGroupId")), ports, peer)
}

func infraSentences(rec *pulumitest.Recorder) map[string]string {
	sentences := map[string]string{}
	for _, rule := range rec.All(infraIngress, infraEgress) {
		sentences[strings.TrimPrefix(rule.Name, "platform-")] = infraSentence(rec, rule)
	}
	return sentences
}

func TestInfraSecurityGroupRules(t *testing.T) {
	args := infraArgs()
	args.AdminCidrs = []string{"203.0.113.7/32", "198.51.100.0/24"}
	rec := pulumitest.Run(t, infraProgram(args))

	assert.Equal(t, map[string]string{
		"ssh-203.0.113.7_32":      "node takes tcp 22-22 from 203.0.113.7/32",
		"ssh-198.51.100.0_24":     "node takes tcp 22-22 from 198.51.100.0/24",
		"api-203.0.113.7_32":      "control-plane takes tcp 6443-6443 from 203.0.113.7/32",
		"api-198.51.100.0_24":     "control-plane takes tcp 6443-6443 from 198.51.100.0/24",
		"node-port-0.0.0.0_0":     "worker takes tcp 30080-30080 from 0.0.0.0/0",
		"path-mtu-0.0.0.0_0":      "node takes icmp 3-4 from 0.0.0.0/0",
		"api-from-nodes":          "control-plane takes tcp 6443-6443 from node",
		"etcd":                    "control-plane takes tcp 2379-2380 from control-plane",
		"kubelet":                 "node takes tcp 10250-10250 from control-plane",
		"bgp":                     "node takes tcp 179-179 from node",
		"metrics":                 "node takes tcp 9100-9100 from node",
		"shop-pods":               "worker takes tcp 80-80 from worker",
		"pods-all-192.168.0.0_16": "node takes everything from 192.168.0.0/16",
		"internet-0.0.0.0_0":      "node may send everything to 0.0.0.0/0",
	}, infraSentences(rec))

	t.Run("every rule says why, in words AWS admits", func(t *testing.T) {
		// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html
		for _, rule := range rec.All(infraIngress, infraEgress) {
			assert.Regexp(t, `^[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{10,255}$`, rule.InputString("description"), rule.Name)
		}
	})
	t.Run("groups have no rules inline", func(t *testing.T) {
		assert.Equal(t, []string{"platform-control-plane", "platform-node", "platform-worker"}, rec.Names(infraGroup))
		for _, group := range rec.All(infraGroup) {
			assert.Equal(t, []string{"description", "tags", "vpcId"}, group.InputKeys())
		}
	})
	t.Run("a changed admin block leaves every other rule alone", func(t *testing.T) {
		before := infraSentences(rec)
		changed := infraArgs()
		changed.AdminCidrs = []string{"192.0.2.1/32", "198.51.100.0/24"}
		after := infraSentences(pulumitest.Run(t, infraProgram(changed)))
		var gone, added []string
		for name, sentence := range before {
			if after[name] != sentence {
				gone = append(gone, name)
			}
		}
		for name, sentence := range after {
			if before[name] != sentence {
				added = append(added, name)
			}
		}
		assert.ElementsMatch(t, []string{"ssh-203.0.113.7_32", "api-203.0.113.7_32"}, gone)
		assert.ElementsMatch(t, []string{"ssh-192.0.2.1_32", "api-192.0.2.1_32"}, added)
	})
	t.Run("no rule takes everything from nodes", func(t *testing.T) {
		for name, sentence := range infraSentences(rec) {
			assert.NotRegexp(t, "takes everything from (node|worker|control-plane)$", sentence, name)
		}
	})
	t.Run("ports and the pod block are as configured", func(t *testing.T) {
		args := infraArgs()
		args.NodePort, args.PodCidr, args.ClientCidrs = 31000, "10.0.0.0/16", []string{"198.51.100.0/24"}
		args.ShopPort, args.MetricsPort = 8000, 9101
		sentences := infraSentences(pulumitest.Run(t, infraProgram(args)))
		assert.Equal(t, "worker takes tcp 31000-31000 from 198.51.100.0/24", sentences["node-port-198.51.100.0_24"])
		assert.Equal(t, "node takes everything from 10.0.0.0/16", sentences["pods-all-10.0.0.0_16"])
		assert.Equal(t, "worker takes tcp 8000-8000 from worker", sentences["shop-pods"])
		assert.Equal(t, "node takes tcp 9101-9101 from node", sentences["metrics"])
	})
	t.Run("without clients only the node port is closed", func(t *testing.T) {
		args := infraArgs()
		args.ClientCidrs = nil
		want := infraSentences(pulumitest.Run(t, infraProgram(infraArgs())))
		delete(want, "node-port-0.0.0.0_0")
		assert.Equal(t, want, infraSentences(pulumitest.Run(t, infraProgram(args))))
	})
}

func infraSentenceNames(rec *pulumitest.Recorder) []string {
	var names []string
	for name := range infraSentences(rec) {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
