//go:build lab && !lifecycle

package lifecycle

// stages are the short way, for continuous integration.
var stages = []stage{
	{"interrupted bring-up", interrupted([]interruption{duringInit}, []interruption{duringJoin})},
	{"workers come and go", testWorkersComeAndGo},
	{"teeth", testTeeth(shortTeeth())},
	{"destroy with a dead API", testDestroyWithDeadAPI},
}
