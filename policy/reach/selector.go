package reach

import (
	"go4.org/netipx"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// addressesOf is the addresses of a peer that is a block. What is none is for the API server to refuse.
func addressesOf(block *networkingv1.IPBlock) *netipx.IPSet {
	var b netipx.IPSetBuilder
	if whole := parse(block.CIDR); whole.IsValid() {
		b.AddPrefix(whole)
	}
	for _, text := range block.Except {
		if part := parse(text); part.IsValid() {
			b.RemovePrefix(part)
		}
	}
	return built(&b)
}

// namespaceLabels are those of a namespace, and whether it has no others: of one that the stack does not declare only its name is known.
func (a *analysis) namespaceLabels(name string) (set labels.Set, whole bool) {
	set = labels.Set{corev1.LabelMetadataName: name}
	for _, n := range a.stack.Namespaces {
		if declared, _ := n.Text("metadata.name"); declared == name {
			for key, value := range n.Value.Labels {
				set[key] = value
			}
			return set, a.known(n.Resource, "metadata.labels")
		}
	}
	return set, false
}

// matches tells whether a selector chooses something with these labels, which may have others where they are not the whole.
func matches(selector *metav1.LabelSelector, set labels.Set, whole bool) verdict {
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return closed // the API server refuses it
	}
	requirements, _ := parsed.Requirements()
	result := open
	for _, r := range requirements {
		switch {
		case !whole && !set.Has(r.Key()):
			result = unknown
		case !r.Matches(set):
			return closed
		}
	}
	return result
}

func judged(yes bool) verdict {
	if yes {
		return open
	}
	return closed
}
