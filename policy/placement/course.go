package placement

import (
	"math/rand/v2"
	"slices"
)

// Courses is how many courses a preview tries.
const Courses = 4

// Course is one of the ways that a cluster may go where Kubernetes leaves it open: in which order pods of one priority come to the
// scheduler, and which of the nodes that it rates as high it takes.
type Course struct {
	number int
	lot    *rand.Rand
}

// NewCourse is the course of a number. That of 0 takes pods as they are declared and nodes by name, that of 1 the other way round, and
// the others draw lots, the same each time.
func NewCourse(number int) *Course {
	return &Course{number, rand.New(rand.NewPCG(uint64(number), 0))}
}

// node takes one of the nodes that are rated as high.
func (c *Course) node(equal []string) string {
	switch c.number {
	case 0:
		return equal[0]
	case 1:
		return equal[len(equal)-1]
	default:
		return equal[c.lot.IntN(len(equal))]
	}
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
