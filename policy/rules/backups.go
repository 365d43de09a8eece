package rules

import "ecommerce-platform/policy/model"

// noRestoreArmed tells of a restore that the configuration asks for. It happens once for each text, but whoever changes the
// text for another reason, or moves the backups elsewhere, restores again.
func noRestoreArmed(j *judge) {
	for _, cluster := range j.of(model.ClusterType) {
		if !j.known(cluster, "restores") {
			continue
		}
		for _, what := range []string{"cluster", "data"} {
			if point, _ := cluster.Text("restores." + what); point != "" {
				j.fail(cluster, "backup.restore.%s %q restores unless it has been done", what, point)
			}
		}
	}
}
