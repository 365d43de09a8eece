package placement

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCoursesDifferAndStayTheSame(t *testing.T) {
	list := []string{"a", "b", "c", "d", "e", "f"}
	orders := map[string]bool{}
	for number := range 4 {
		first, again := Mixed(NewCourse(number), list), Mixed(NewCourse(number), list)
		assert.Equal(t, first, again, "a report does not change from one run to the next")
		assert.ElementsMatch(t, list, first)
		orders[first[0]+first[1]+first[2]] = true
	}
	assert.Len(t, orders, 4)
	assert.Equal(t, list, Mixed(NewCourse(0), list))
	assert.Equal(t, "a", NewCourse(0).node(list))
	assert.Equal(t, "f", NewCourse(1).node(list))
	assert.Contains(t, list, NewCourse(2).node(list))
}

func TestSomeCoursesFillOneOfEqualNodesAfterTheOther(t *testing.T) {
	list := []string{"a", "b", "c", "d", "e", "f"}
	taken := map[int]map[string]bool{2: {}, 3: {}}
	for number, nodes := range taken {
		c := NewCourse(number)
		for range 50 {
			nodes[c.node(list)] = true
		}
		for name := range nodes {
			assert.NotEqual(t, name, c.node(slices.DeleteFunc(slices.Clone(list), func(other string) bool { return other == name })), "it is not offered")
		}
	}
	assert.Len(t, taken[2], len(list))
	assert.Len(t, taken[3], 1)
}

func TestSomeCoursesKeepTogetherWhatBelongsTogether(t *testing.T) {
	list := []string{"a1", "a2", "a3", "b1", "b2", "b3", "c1", "c2", "c3"}
	together := func(number int) bool {
		var names []string
		mixed := mixedBy(NewCourse(number), list, func(item string) string { return item[:1] })
		assert.ElementsMatch(t, list, mixed)
		for _, item := range mixed {
			if name := item[:1]; !slices.Contains(names, name) {
				names = append(names, name)
			} else if name != names[len(names)-1] {
				return false
			}
		}
		return true
	}
	assert.True(t, together(2))
	assert.True(t, together(3))
	assert.False(t, together(4))
	assert.False(t, together(5))
}
