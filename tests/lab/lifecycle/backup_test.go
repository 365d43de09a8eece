//go:build lab && lifecycle

package lifecycle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/labtest"
)

const (
	// restoreLimit bounds each wait of a rehearsal.
	restoreLimit = 3 * time.Minute
	// kept are objects and rows from before the backup, lost are those from after it.
	keptObject, lostObject = "kept-by-the-backup", "made-after-the-backup"
	keptRows               = 1234
)

// What a backup holds comes back after etcd's data and the database are destroyed, and again after the control plane's
// keys are gone as well. What was written after the backup is lost, and nothing else is.
func testBackupAndRestore(t *testing.T) {
	backup := rehearse()
	query(t, "create table rehearsal (id int primary key, note text)")
	query(t, fmt.Sprintf("insert into rehearsal select i, 'order ' || i from generate_series(1, %d) i", keptRows))
	query(t, "create role clerk login")
	query(t, "create database stock owner clerk")
	shop.Kubectl(t, "create", "configmap", "-n", "ecommerce", keptObject)
	taken := time.Now()
	backup.first(t)

	for i, destroy := range []struct {
		what string
		run  func(*testing.T)
	}{
		{"etcd's data and the database", func(*testing.T) {}},
		{"the control plane's keys and files too", func(t *testing.T) {
			onMachine(t, "control-plane", "rm -rf /etc/kubernetes/pki /etc/kubernetes/*.conf /etc/kubernetes/manifests/*")
		}},
	} {
		t.Run(destroy.what, func(t *testing.T) {
			objects := countObjects(t)
			shop.Kubectl(t, "create", "configmap", "-n", "ecommerce", lostObject)
			query(t, fmt.Sprintf("insert into rehearsal values (%d, 'after the backup')", keptRows+1))
			destroyed := time.Now()
			destroyData(t)
			destroy.run(t)
			labtest.Eventually(t, restoreLimit, func() error {
				if _, err := shop.TryKubectl(t.Context(), "get", "configmap", "-n", "ecommerce", keptObject, "--request-timeout", "5s"); err == nil {
					return errors.New("the cluster still knows what it should have lost")
				}
				return nil
			})

			took := backup.apply(t, fmt.Sprint("rehearsal ", i), "restore")
			labtest.Eventually(t, restoreLimit, allAnswers)
			answers := time.Since(destroyed)
			rows, restored := query(t, "select count(*) from rehearsal"), countObjects(t)
			note(t, "restored after losing "+destroy.what, "pulumi up %s, everything answers %s after the loss; %s rows and %d objects are back; "+
				"lost what was written in the %s since the run that took the backup", took.Round(time.Second), answers.Round(time.Second),
				rows, sum(restored), destroyed.Sub(taken).Round(time.Second))
			assert.Equal(t, fmt.Sprint(keptRows), rows)
			assert.Equal(t, "stock", query(t, "select datname from pg_database join pg_roles r on datdba = r.oid where rolname = 'clerk'"))
			shop.Kubectl(t, "get", "configmap", "-n", "ecommerce", keptObject)
			_, err := shop.TryKubectl(t.Context(), "get", "configmap", "-n", "ecommerce", lostObject)
			require.ErrorContains(t, err, "NotFound")
			assert.Equal(t, objects, restored, "objects by kind")
			again, err := shop.Stack.Up(t.Context())
			require.NoError(t, err)
			assert.Empty(t, again.Changed(), "a restore happens once")
		})
	}

	backup.apply(t, "last", "run")
	last, ok := shop.Outputs["backups"].([]any)
	require.True(t, ok)
	assert.Equal(t, []string{"etcd", "etcd", "postgres.sql", "postgres.sql"}, holds(t, last), "a backup is taken of what was restored")

	require.NoError(t, shop.Set(t.Context(), nil))
	_, err := shop.Stack.Up(t.Context())
	require.NoError(t, err)
	timers, err := shop.OnMachine(t.Context(), "control-plane", "systemctl", "list-timers", "--all", "--no-pager")
	require.NoError(t, err)
	assert.NotContains(t, timers, "platform-backup", "without a destination")
}

// query asks the database in its pod, where it knows its superuser.
func query(t *testing.T, sql string) string {
	t.Helper()
	return strings.TrimSpace(shop.Kubectl(t, "exec", "-n", "ecommerce", "deployment/postgres", "--",
		"psql", "-U", "postgres", "-v", "ON_ERROR_STOP=1", "-Atqc", sql))
}

// destroyData takes away etcd's data and the database's, and the processes that have them in memory.
func destroyData(t *testing.T) {
	t.Helper()
	onMachine(t, "worker-node-2", "rm -rf /var/lib/platform/volumes/postgres/data/* && pkill -KILL -x postgres")
	onMachine(t, "control-plane", "rm -rf /var/lib/etcd/* && pkill -KILL -x etcd")
}

// countObjects counts the objects of the kinds that only people and this program make.
func countObjects(t *testing.T) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, kind := range []string{"namespaces", "nodes", "deployments", "daemonsets", "services", "secrets", "configmaps",
		"persistentvolumes", "persistentvolumeclaims", "poddisruptionbudgets", "ippools.crd.projectcalico.org", "clusterrolebindings"} {
		counts[kind] = len(strings.Fields(shop.Kubectl(t, "get", kind, "-A", "-o", "name")))
	}
	return counts
}

func sum(counts map[string]int) (total int) {
	for _, count := range counts {
		total += count
	}
	return total
}

// allAnswers tells what does not work yet.
func allAnswers() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for _, path := range []string{"/", "/data"} {
		status, _, _, err := shop.Fetch(ctx, path)
		if err != nil {
			return err
		}
		if status != http.StatusOK {
			return fmt.Errorf("GET %s: %d", path, status)
		}
	}
	text, err := shop.TryKubectl(ctx, "get", "deployments", "-A", "-o", "json")
	if err != nil {
		return err
	}
	var list struct {
		Items []struct {
			Metadata struct{ Name string }
			Spec     struct{ Replicas int }
			Status   struct{ ReadyReplicas, UpdatedReplicas int }
		}
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return err
	}
	for _, d := range list.Items {
		if d.Status.ReadyReplicas != d.Spec.Replicas {
			return fmt.Errorf("deployment %s: %d of %d replicas are ready", d.Metadata.Name, d.Status.ReadyReplicas, d.Spec.Replicas)
		}
	}
	return nil
}
