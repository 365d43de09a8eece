package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
)

// nodeSelectorMatches looks at labels only. Whether the pods also fit and tolerate is what placement computes.
func nodeSelectorMatches(j *judge) {
	nodes, known := j.nodeObjects()
	if !known {
		return
	}
	for _, w := range j.workloads() {
		if !j.known(w.Resource, "spec.replicas") || w.Replicas == 0 ||
			!j.known(w.Resource, w.In("spec.nodeSelector")) || !j.known(w.Resource, w.In("spec.affinity")) {
			continue
		}
		required := nodeaffinity.GetRequiredNodeAffinity(&corev1.Pod{Spec: w.Template.Spec})
		if !matches(nodes, required.Match) {
			j.fail(w.Resource, "pods of %s ask for %s, and no declared node has that (%s)", w.Label, asked(&w.Template.Spec), labelled(nodes))
		}
	}
	for _, v := range j.volumes() {
		if v.object.Spec.NodeAffinity == nil || v.object.Spec.NodeAffinity.Required == nil ||
			!j.known(v.Resource, "spec.nodeAffinity") {
			continue
		}
		selector, err := nodeaffinity.NewNodeSelector(v.object.Spec.NodeAffinity.Required)
		if err != nil {
			continue // the API server says what is wrong with it
		}
		if !matches(nodes, func(n *corev1.Node) (bool, error) { return selector.Match(n), nil }) {
			j.fail(v.Resource, "PersistentVolume %s is on %s, and no declared node has that (%s)",
				v.name, terms(v.object.Spec.NodeAffinity.Required), labelled(nodes))
		}
	}
}

// nodeObjects are the declared nodes as the API server will show them, if their labels are all known.
func (j *judge) nodeObjects() (nodes []*corev1.Node, known bool) {
	if len(j.Members()) == 0 {
		if len(j.workloads()) > 0 {
			j.NotEvaluatedFact("nodes: this stack tells of none")
		}
		return nil, false
	}
	known = true
	for _, n := range j.Members() {
		if n.Patch != nil {
			known = j.known(n.Patch, "metadata.labels") && known
		}
		nodes = append(nodes, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: n.Name, Labels: n.Labels}})
	}
	return nodes, known
}

func matches(nodes []*corev1.Node, match func(*corev1.Node) (bool, error)) bool {
	return slices.ContainsFunc(nodes, func(n *corev1.Node) bool {
		ok, err := match(n)
		return ok || err != nil // an invalid requirement is the API server's to refuse
	})
}

// asked puts a pod's requirements in words.
func asked(spec *corev1.PodSpec) string {
	var words []string
	for _, key := range slices.Sorted(maps.Keys(spec.NodeSelector)) {
		words = append(words, key+"="+spec.NodeSelector[key])
	}
	if a := spec.Affinity; a != nil && a.NodeAffinity != nil && a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution != nil {
		words = append(words, terms(a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution))
	}
	return strings.Join(slices.Compact(words), " and ")
}

func terms(selector *corev1.NodeSelector) string {
	var alternatives []string
	for _, term := range selector.NodeSelectorTerms {
		var all []string
		for _, r := range slices.Concat(term.MatchExpressions, term.MatchFields) {
			all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Key, r.Operator, strings.Join(r.Values, ","))))
		}
		alternatives = append(alternatives, strings.Join(all, " and "))
	}
	return strings.Join(alternatives, " or ")
}

// labelled lists the labels that nodes differ by, as a person wrote them.
func labelled(nodes []*corev1.Node) string {
	var all []string
	for _, n := range nodes {
		var own []string
		for _, key := range slices.Sorted(maps.Keys(n.Labels)) {
			if !strings.Contains(key, "kubernetes.io/") {
				own = append(own, key+"="+n.Labels[key])
			}
		}
		all = append(all, strings.TrimSpace(n.Name+" "+strings.Join(own, " ")))
	}
	return strings.Join(all, "; ")
}
