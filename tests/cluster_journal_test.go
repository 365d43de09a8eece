package tests

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"ecommerce-platform/cluster"
)

func TestClusterSendsJournals(t *testing.T) {
	steps := []string{"shop-control-plane-journal", "shop-worker-node-1-journal", "shop-worker-node-2-journal"}
	for _, step := range steps {
		assert.NotContains(t, clusterRun(t, clusterArgs()).Names(clusterCommand), step, "where nobody takes them")
	}
	args := clusterArgs()
	args.JournalPort = 9429
	rec := clusterRun(t, args)
	for _, step := range steps {
		sent := rec.Get(t, clusterCommand, step)
		assert.Contains(t, sent.InputString("create"), "ACTION='install'")
		assert.Contains(t, sent.InputString("delete"), "ACTION='remove'")
		assert.False(t, rec.WaitsFor(rec.Get(t, clusterCommand, "shop-control-plane-ready"), sent), "the cluster is complete without them")
	}
	t.Run("it ends on a node alone, and begins again for as long as it takes", func(t *testing.T) {
		files := clusterUpload(t, rec.Get(t, clusterCommand, "shop-worker-node-1-files"))
		assert.Equal(t, "[Upload]\nURL=http://127.0.0.1:9429/insert/journald\n", files["etc/journal-upload.conf"])
		assert.Equal(t, "[Unit]\nStartLimitIntervalSec=0\n\n[Service]\nRestart=always\nRestartSec=10\nRestartSteps=0\n", files["etc/journal-upload.service.conf"])
	})
	t.Run("turned on, they are all that changes but for the files of nodes", func(t *testing.T) {
		files := []string{"shop-control-plane-files", "shop-worker-node-1-files", "shop-worker-node-2-files"}
		assert.ElementsMatch(t, append(files, steps...), clusterChanged(t, func(args *cluster.Args) { args.JournalPort = 9429 }))
	})
}
