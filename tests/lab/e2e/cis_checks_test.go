//go:build lab

package e2e

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"ecommerce-platform/tests/lab/labtest"
)

// cisChecks are by the number of the check.
var cisChecks = map[string]func(*testing.T){
	"1.1.9": func(t *testing.T) {
		assert.Equal(t, "700 root:root\n", onControlPlane(t, "stat -c '%a %U:%G' /etc/cni/net.d"))
		assert.Equal(t, "600\n", onControlPlane(t, "stat -c %a /etc/cni/net.d/calico-kubeconfig"))
	},
	"1.1.10": func(t *testing.T) {
		assert.Equal(t, "root:root\n", onControlPlane(t, "find /etc/cni /var/lib/cni -exec stat -c %U:%G {} + | sort -u"))
	},
	"1.2.20": func(t *testing.T) {
		assert.NotContains(t, onControlPlane(t, "cat /etc/kubernetes/manifests/kube-apiserver.yaml"), "--request-timeout")
	},
	"3.1.2": func(t *testing.T) {
		tokens := labtest.Get[corev1.SecretList](t, shop.Lab, "secrets", "--all-namespaces", "--field-selector", "type="+string(corev1.SecretTypeServiceAccountToken))
		assert.Empty(t, tokens.Items)
	},
	"4.1.3": kubeProxyHasNoFile,
	"4.1.4": kubeProxyHasNoFile,
	"5.1.1": func(t *testing.T) {
		assert.Equal(t, administrators, boundTo(t, "cluster-admin"))
	},
	"5.1.3": func(t *testing.T) {
		for name, rules := range readRBAC(t).roles {
			role := name[strings.LastIndex(name, "/")+1:]
			if role == "cluster-admin" || strings.HasPrefix(role, "system:") {
				continue
			}
			for _, rule := range rules {
				assert.NotContains(t, slices.Concat(rule.Verbs, rule.APIGroups, rule.Resources), "*", name)
			}
		}
	},
	"5.1.5": func(t *testing.T) {
		for _, pod := range labtest.Get[corev1.PodList](t, shop.Lab, "pods", "--all-namespaces").Items {
			assert.NotEqual(t, "default", pod.Spec.ServiceAccountName, pod.Name)
		}
		for _, binding := range readRBAC(t).bindings {
			for _, subject := range binding.Subjects {
				assert.False(t, subject.Kind == "ServiceAccount" && subject.Name == "default", binding.RoleRef.Name)
			}
		}
	},
	"5.1.6": func(t *testing.T) {
		with := map[string]bool{}
		for _, pod := range labtest.Get[corev1.PodList](t, shop.Lab, "pods", "--all-namespaces").Items {
			for _, volume := range pod.Spec.Volumes {
				if volume.Projected != nil && slices.ContainsFunc(volume.Projected.Sources, func(s corev1.VolumeProjection) bool { return s.ServiceAccountToken != nil }) {
					with[pod.Namespace+"/"+pod.Spec.ServiceAccountName] = true
				}
			}
		}
		assert.Subset(t, []string{
			"kube-system/calico-kube-controllers", "kube-system/calico-node", "kube-system/coredns", "kube-system/kube-proxy", "kube-system/metrics-server",
		}, slices.Collect(maps.Keys(with)))
	},
	"5.1.7": func(t *testing.T) {
		for output := range maps.Keys(roleOutputs) {
			assert.NotContains(t, groupsOf(t, roleOutputs[output]), "system:masters", output)
		}
		assert.Equal(t, []string{"kubeadm:cluster-admins"}, groupsOf(t, "kubeconfig"))
	},
	"5.1.8": func(t *testing.T) {
		assert.Empty(t, others(t, rbacAPI, []string{"bind", "escalate"}, "roles", "clusterroles"))
		assert.Equal(t, []string{"Group platform:edit"}, others(t, "", []string{"impersonate"}, "users", "groups", "serviceaccounts"))
		assert.Empty(t, others(t, "authentication.k8s.io", []string{"impersonate"}, "userextras", "uids"))
	},
	"5.1.9": func(t *testing.T) { assert.Empty(t, others(t, "", []string{"create"}, "persistentvolumes")) },
	"5.1.10": func(t *testing.T) {
		assert.Empty(t, others(t, "", []string{"get", "create", "update", "patch", "delete"}, "nodes/proxy"))
	},
	"5.1.11": func(t *testing.T) {
		assert.Empty(t, others(t, "certificates.k8s.io", []string{"update", "patch"}, "certificatesigningrequests/approval"))
	},
	"5.1.12": func(t *testing.T) {
		assert.Empty(t, others(t, "admissionregistration.k8s.io", []string{"create", "update", "patch", "delete"},
			"validatingwebhookconfigurations", "mutatingwebhookconfigurations"))
	},
	"5.1.13": func(t *testing.T) {
		assert.Equal(t, []string{"Group platform:edit", "ServiceAccount kube-system/calico-node"}, others(t, "", []string{"create"}, "serviceaccounts/token"))
	},
	"5.2.1": func(t *testing.T) {
		found := labtest.Get[corev1.Namespace](t, shop.Lab, "namespace", namespace)
		assert.Equal(t, "restricted", found.Labels["pod-security.kubernetes.io/enforce"])
	},
	"5.2.2":  refused(`{"containers":[{"securityContext":{"privileged":true,"allowPrivilegeEscalation":true}}]}`, "privileged"),
	"5.2.3":  refused(`{"hostPID":true}`, "hostPID=true"),
	"5.2.5":  refused(`{"hostNetwork":true}`, "hostNetwork=true"),
	"5.2.6":  refused(`{"containers":[{"securityContext":{"allowPrivilegeEscalation":true}}]}`, "allowPrivilegeEscalation"),
	"5.2.7":  refused(`{"securityContext":{"runAsUser":0}}`, "runAsUser=0"),
	"5.2.8":  refused(`{"containers":[{"securityContext":{"capabilities":{"add":["NET_RAW"]}}}]}`, "capabilities"),
	"5.2.9":  refused(`{"containers":[{"securityContext":{"capabilities":{"drop":[]}}}]}`, "capabilities"),
	"5.2.10": refused(`{"hostNetwork":true,"securityContext":{"windowsOptions":{"hostProcess":true}}}`, "hostProcess"),
	"5.2.11": refused(`{"volumes":[{"name":"node","hostPath":{"path":"/"}}]}`, "hostPath"),
	"5.2.12": refused(`{"containers":[{"ports":[{"containerPort":80,"hostPort":80}]}]}`, "hostPort"),
	"5.3.2": func(t *testing.T) {
		isolated := map[string]bool{"kube-system": true}
		for _, policy := range labtest.Get[networkingv1.NetworkPolicyList](t, shop.Lab, "networkpolicies", "--all-namespaces").Items {
			if policy.Name == "default-deny" {
				isolated[policy.Namespace] = true
			}
		}
		for _, pod := range labtest.Get[corev1.PodList](t, shop.Lab, "pods", "--all-namespaces").Items {
			assert.Contains(t, isolated, pod.Namespace, pod.Name)
		}
	},
	"5.6.1": func(t *testing.T) {
		for _, pod := range labtest.Get[corev1.PodList](t, shop.Lab, "pods", "--all-namespaces").Items {
			assert.Equal(t, slices.Contains(tiers, pod.Labels[nameLabel]), pod.Namespace == namespace, pod.Name)
		}
	},
	"5.6.2": func(t *testing.T) {
		for _, node := range shop.NodeNames() {
			settings, err := shop.OnMachine(t.Context(), node, "cat", "/var/lib/kubelet/config.yaml")
			require.NoError(t, err)
			assert.Contains(t, settings, "\nseccompDefault: true\n", node)
		}
		// 2 is a filter. https://docs.kernel.org/filesystems/proc.html
		assert.Contains(t, shop.Kubectl(t, "exec", "-n", namespace, "deployment/frontend", "--", "cat", "/proc/1/status"), "\nSeccomp:\t2\n")
	},
	"5.6.3": refused(`{"securityContext":null,"containers":[{"securityContext":null}]}`, "seccompProfile", "runAsNonRoot", "allowPrivilegeEscalation", "capabilities"),
	"5.6.4": func(t *testing.T) {
		assert.Empty(t, labtest.Get[corev1.PodList](t, shop.Lab, "pods", "-n", "default").Items)
	},
}

func kubeProxyHasNoFile(t *testing.T) {
	for _, node := range shop.NodeNames() {
		found, err := shop.OnMachine(t.Context(), node, "find", "/etc/kubernetes", "-name", "*proxy*.conf")
		require.NoError(t, err)
		assert.Empty(t, found, node)
	}
}

// groupsOf are the groups of the user of an output's kubeconfig.
func groupsOf(t *testing.T, output string) []string {
	t.Helper()
	block, _ := pem.Decode(userOf(t, output).Certificate)
	require.NotNil(t, block, output)
	certificate, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	return certificate.Subject.Organization
}

// refused tries a pod that is allowed but for a change, a merge patch of its spec whose container is the pod's one.
func refused(change string, because ...string) func(*testing.T) {
	return func(t *testing.T) {
		allowed := `{"securityContext":{"runAsNonRoot":true,"runAsUser":999,"seccompProfile":{"type":"RuntimeDefault"}},"containers":[{"name":"c",` +
			`"image":"nginx:alpine","securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}}]}`
		try := func(spec map[string]any) error {
			document, err := json.Marshal(map[string]any{
				"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "refused", "namespace": namespace}, "spec": spec,
			})
			require.NoError(t, err)
			_, err = shop.KubectlStdin(t.Context(), string(document), "create", "--dry-run=server", "-f", "-")
			return err
		}
		var spec, patch map[string]any
		require.NoError(t, json.Unmarshal([]byte(allowed), &spec))
		require.NoError(t, try(spec))
		require.NoError(t, json.Unmarshal([]byte(change), &patch))
		lay(spec, patch)
		err := try(spec)
		for _, words := range append(because, `violates PodSecurity "restricted`) {
			require.ErrorContains(t, err, words)
		}
	}
}

// lay lays a patch over an object; of lists, element over element.
func lay(object, patch map[string]any) {
	for key, value := range patch {
		switch value := value.(type) {
		case map[string]any:
			if old, ok := object[key].(map[string]any); ok {
				lay(old, value)
				continue
			}
		case []any:
			old, _ := object[key].([]any)
			for i := range min(len(old), len(value)) {
				before, isObject := old[i].(map[string]any)
				if after, ok := value[i].(map[string]any); ok && isObject {
					lay(before, after)
					value[i] = before
				}
			}
		}
		object[key] = value
	}
}
