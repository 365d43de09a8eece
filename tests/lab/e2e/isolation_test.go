//go:build lab

package e2e

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"ecommerce-platform/tests/lab/labtest"
)

// dnsPods are the cluster's DNS, as a tier: pods of another namespace, without a policy of their own.
const dnsPods = "kube-dns"

var tiers = []string{"frontend", "backend", "postgres", "redis"}

// declared is what pods of a tier may open to those of another one, and to nobody else.
var declared = map[string]map[string][]string{
	"frontend": {"backend": {"tcp/8080"}, dnsPods: {"tcp/53", "udp/53"}},
	"backend":  {"postgres": {"tcp/5432"}, "redis": {"tcp/6379"}, dnsPods: {"tcp/53", "udp/53"}},
	"postgres": {},
	"redis":    {},
	dnsPods:    {},
}

// tried is every port that something in the cluster listens on.
var tried = []string{"tcp/22", "tcp/53", "udp/53", "tcp/80", "tcp/179", "tcp/5432", "tcp/6379", "tcp/6443", "tcp/8080", "tcp/9100", "tcp/10250"}

//go:embed arrives.py
var arrives string

// Packets from a pod of every tier to every port of every pod, of its own node and of the API server's, and of pods of another namespace.
func TestTiersReachOfEachOtherWhatIsDeclared(t *testing.T) {
	for from := range declared {
		t.Run(from, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, meant(t, from), reached(t, podsCalled(t, from)[0]))
		})
	}
	t.Run("a pod of no tier", func(t *testing.T) {
		t.Parallel()
		stranger := labtest.Get[corev1.Pod](t, shop.Lab, "pod", "-n", namespace, pod(t, "stranger", postgresClient))
		assert.Empty(t, reached(t, stranger))
	})
}

// Each row taken out of its policy closes what it names and nothing else, and opens it again when it is back.
func TestEveryRowOpensWhatItNames(t *testing.T) {
	for _, tier := range tiers {
		policy := labtest.Get[networkingv1.NetworkPolicy](t, shop.Lab, "networkpolicy", tier, "-n", namespace)
		for i, rule := range policy.Spec.Ingress {
			t.Run(fmt.Sprintf("%s/ingress %d", tier, i), func(t *testing.T) {
				takeOut(t, tier, "ingress", i, policy.Spec.Ingress)
				if rule.From[0].IPBlock != nil {
					eventuallyServed(t, false)
					return
				}
				from := rule.From[0].PodSelector.MatchLabels[nameLabel]
				eventuallyReached(t, from, less(meant(t, from), tier, rule.Ports[0]))
			})
		}
		for i, rule := range policy.Spec.Egress {
			t.Run(fmt.Sprintf("%s/egress %d", tier, i), func(t *testing.T) {
				takeOut(t, tier, "egress", i, policy.Spec.Egress)
				to := dnsPods
				if rule.To[0].NamespaceSelector == nil {
					to = rule.To[0].PodSelector.MatchLabels[nameLabel]
				}
				eventuallyReached(t, tier, less(meant(t, tier), to, rule.Ports[0]))
			})
		}
	}
	for _, tier := range tiers {
		eventuallyReached(t, tier, meant(t, tier))
	}
	eventuallyServed(t, true)
}

const nameLabel = "app.kubernetes.io/name"

// takeOut takes one of a policy's rules out until the test ends. The list is put back as a whole: one without rules is none.
func takeOut(t *testing.T, policy, direction string, i int, rules any) {
	t.Helper()
	patch := func(operation map[string]any) {
		text, err := json.Marshal([]any{operation})
		require.NoError(t, err)
		// The test's own context is over when it cleans up.
		_, err = shop.TryKubectl(context.Background(), "patch", "networkpolicy", policy, "-n", namespace, "--type=json", "--patch", string(text))
		require.NoError(t, err)
	}
	list := "/spec/" + direction
	patch(map[string]any{"op": "remove", "path": fmt.Sprintf("%s/%d", list, i)})
	t.Cleanup(func() { patch(map[string]any{"op": "add", "path": list, "value": rules}) })
}

// podsCalled are the running pods of a tier.
func podsCalled(t *testing.T, tier string) []corev1.Pod {
	t.Helper()
	of := []string{"-n", namespace, "-l", nameLabel + "=" + tier}
	if tier == dnsPods {
		of = []string{"-n", "kube-system", "-l", "k8s-app=" + dnsPods}
	}
	pods := labtest.Get[corev1.PodList](t, shop.Lab, append([]string{"pods", "--field-selector", "status.phase=Running"}, of...)...).Items
	pods = slices.DeleteFunc(pods, func(pod corev1.Pod) bool { return pod.DeletionTimestamp != nil })
	require.NotEmpty(t, pods, tier)
	return pods
}

// meant is what packets of a tier's first pod may arrive at, by tier.
func meant(t *testing.T, from string) map[string][]string {
	t.Helper()
	want := map[string][]string{}
	for to, ports := range declared[from] {
		for range podsCalled(t, to) {
			want[to] = append(want[to], ports...)
		}
		slices.Sort(want[to])
	}
	return want
}

// less is the same without a rule's port.
func less(all map[string][]string, to string, port networkingv1.NetworkPolicyPort) map[string][]string {
	all[to] = slices.DeleteFunc(all[to], func(open string) bool { return strings.HasPrefix(open, strings.ToLower(string(*port.Protocol))+"/") })
	if len(all[to]) == 0 {
		delete(all, to)
	}
	return all
}

// reached is what packets of a pod arrive at, by tier, one entry a pod of it. A pod of the DNS is asked about the shop's only: it may reach
// others, and does.
func reached(t *testing.T, from corev1.Pod) map[string][]string {
	t.Helper()
	var targets []string
	add := func(tier, address string) {
		for _, port := range tried {
			targets = append(targets, tier+"/"+address+"/"+port)
		}
	}
	others := tiers
	if from.Namespace == namespace {
		others = append(slices.Clone(tiers), dnsPods)
		add("its-node", from.Status.HostIP)
		add("control-plane", shop.Addresses["control-plane"])
	}
	for _, tier := range others {
		for _, pod := range podsCalled(t, tier) {
			if pod.UID != from.UID {
				add(tier, pod.Status.PodIP)
			}
		}
	}
	const inside = `for net in /run/netns/*; do
	if nsenter --net="$net" ip -o -4 address show | grep -q " $1/"; then exec nsenter --net="$net" python3 -c "${@:2}"; fi
done
echo "no pod here has the address $1" >&2
exit 1`
	text, err := shop.OnMachine(t.Context(), from.Spec.NodeName, append([]string{"bash", "-c", inside, "bash", from.Status.PodIP, arrives}, targets...)...)
	require.NoError(t, err)
	found := map[string][]string{}
	for target := range strings.FieldsSeq(text) {
		parts := strings.Split(target, "/")
		found[parts[0]] = append(found[parts[0]], parts[2]+"/"+parts[3])
	}
	for tier := range found {
		slices.Sort(found[tier])
	}
	return found
}

// eventuallyReached waits for the nodes to have heard of a policy.
func eventuallyReached(t *testing.T, from string, want map[string][]string) {
	t.Helper()
	labtest.Eventually(t, 30*time.Second, func() error {
		if got := reached(t, podsCalled(t, from)[0]); !assert.ObjectsAreEqual(want, got) {
			return fmt.Errorf("packets of %s arrive at %v, not at %v", from, got, want)
		}
		return nil
	})
}

// eventuallyServed waits until clients reach the frontend, through the node of its pods and the other one, or do not.
func eventuallyServed(t *testing.T, want bool) {
	t.Helper()
	for _, node := range []string{"worker-node-1", "worker-node-2"} {
		labtest.Eventually(t, 30*time.Second, func() error {
			connection, err := net.DialTimeout("tcp", net.JoinHostPort(shop.Addresses[node], "30080"), 2*time.Second)
			if err == nil {
				err = connection.Close()
			}
			if (err == nil) != want {
				return fmt.Errorf("the NodePort of %s answers: %t: %w", node, err == nil, err)
			}
			return nil
		})
	}
}
