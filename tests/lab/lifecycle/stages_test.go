//go:build lab && !lifecycle

package lifecycle

// stages are the short way, for continuous integration.
var stages = []stage{
	{"the platform comes up", bringUp},
}
