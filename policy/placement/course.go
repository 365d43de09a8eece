package placement

import (
	"math/rand/v2"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Course is one of the ways that a cluster may go where Kubernetes leaves it open: in which order pods of one priority come to the
// scheduler, and which of the nodes that it rates as high it takes.
type Course struct {
	number int
	lot    *rand.Rand
	// favourites are nodes, the earlier the better, of a course that takes the same of equal nodes again and again, so that they fill up.
	favourites []string
}

// NewCourse is the course of a number. That of 0 takes pods as they are declared and nodes by name, that of 1 the other way round, and
// the others draw lots, the same each time: the even ones for each choice anew, the odd ones once for each node.
func NewCourse(number int) *Course {
	return &Course{number: number, lot: rand.New(rand.NewPCG(uint64(number), 0))}
}

// atOnce tells whether nodes that join do so at the same time, rather than one after the other.
func (c *Course) atOnce() bool { return c.number == 0 }

// Lingers tells whether a pod that is told to end still takes its place when the one that comes for it is scheduled. It does not where it
// ends at once.
func (c *Course) Lingers() bool { return c.number%8 >= 4 }

// Together tells whether objects that roll do so at the same time: each ends the pods that it may before another one goes on.
func (c *Course) Together() bool { return c.number%16 >= 8 }

// ByTurns tells whether one object has its pods, all of its newest template, before another one begins. Otherwise all are scaled before any
// rolls.
func (c *Course) ByTurns() bool { return c.number%32 >= 16 }

// node takes one of the nodes that are rated as high.
func (c *Course) node(equal []string) string {
	switch {
	case c.number == 0:
		return equal[0]
	case c.number == 1:
		return equal[len(equal)-1]
	case c.number%2 == 0:
		return equal[c.lot.IntN(len(equal))]
	}
	for _, name := range equal {
		if !slices.Contains(c.favourites, name) {
			c.favourites = slices.Insert(c.favourites, c.lot.IntN(len(c.favourites)+1), name)
		}
	}
	return c.favourites[slices.IndexFunc(c.favourites, func(name string) bool { return slices.Contains(equal, name) })]
}

// Mixed is the list in the order in which this course takes it.
func Mixed[T any](c *Course, list []T) []T {
	list = slices.Clone(list)
	switch c.number {
	case 0:
	case 1:
		slices.Reverse(list)
	default:
		c.lot.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	}
	return list
}

// mixedBy is Mixed, but half of the courses that draw lots keep together what belongs together.
func mixedBy[T any](c *Course, list []T, group func(T) string) []T {
	if c.number < 2 || c.number%4 < 2 {
		return Mixed(c, list)
	}
	var names []string
	groups := map[string][]T{}
	for _, item := range list {
		name := group(item)
		if groups[name] == nil {
			names = append(names, name)
		}
		groups[name] = append(groups[name], item)
	}
	var mixed []T
	for _, name := range Mixed(c, names) {
		mixed = append(mixed, groups[name]...)
	}
	return mixed
}

// Mixed is pods in the order in which they come in this course.
func (c *Cluster) Mixed(pods []*corev1.Pod) []*corev1.Pod {
	return mixedBy(c.s.course, pods, func(pod *corev1.Pod) string {
		if owner := metav1.GetControllerOfNoCopy(pod); owner != nil {
			return owner.Kind + " " + pod.Namespace + "/" + owner.Name
		}
		return key(pod)
	})
}
