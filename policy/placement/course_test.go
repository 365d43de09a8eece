package placement

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCoursesDifferAndStayTheSame(t *testing.T) {
	list := []string{"a", "b", "c", "d", "e", "f"}
	orders := map[string]bool{}
	for number := range Courses {
		first, again := Mixed(NewCourse(number), list), Mixed(NewCourse(number), list)
		assert.Equal(t, first, again, "a report does not change from one run to the next")
		assert.ElementsMatch(t, list, first)
		orders[first[0]+first[1]+first[2]] = true
	}
	assert.Len(t, orders, Courses)
	assert.Equal(t, list, Mixed(NewCourse(0), list))
	assert.Equal(t, "a", NewCourse(0).node(list))
	assert.Equal(t, "f", NewCourse(1).node(list))
	assert.Contains(t, list, NewCourse(2).node(list))
}
