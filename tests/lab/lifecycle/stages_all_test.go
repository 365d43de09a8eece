//go:build lab && lifecycle

package lifecycle

// stages are the whole life, in order: what destroys the platform comes last.
var stages = []stage{
	{"the platform comes up", bringUp},
}
