//go:build lab && lifecycle

package lifecycle

// stages are the whole life, in order: what destroys the platform comes last.
var stages = []stage{
	{"interrupted bring-up", interrupted(
		[]interruption{duringLaunch, duringInstall},
		[]interruption{duringInit, beforeMarker, duringJoinWithPowerLoss, duringCalico, duringWorkloads},
	)},
	{"workers come and go", testWorkersComeAndGo},
	{"every key of the configuration", testEveryKey},
	{"machines change in turn", testMachinesChangeInTurn},
	{"the database moves", testDatabaseMoves},
	{"silence", testSilence},
	{"pods fail", testPodsFail},
	{"customers order while pods come and go", testCustomersOrder},
	{"tiers are away", testTiersAreAway},
	{"machines fail", testMachinesFail},
	{"a lost machine is replaced", testLostMachineIsReplaced},
	{"the database outlives its machine", testDatabaseOutlivesItsMachine},
	{"the database has replicas", testReplicas},
	{"certificates", testCertificates},
	{"backup and restore", testBackupAndRestore},
	{"a backup is whole or none", testBackupIsWholeOrNone},
	{"backups in S3", testBackupInS3},
	{"the backup password rotates", testBackupPasswordRotates},
	{"login keys rotate", testLoginKeysRotate},
	{"mutations", testMutations(mutations)},
	{"destroy with a dead API", testDestroyWithDeadAPI},
	{"destroy with a node gone", testDestroyWithoutANode},
}
