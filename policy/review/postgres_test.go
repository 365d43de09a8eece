package review

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/policy/model"
	"ecommerce-platform/policy/model/modeltest"
	"ecommerce-platform/policy/report"
)

var replicated = modeltest.Replicated(2, "worker-node-1", "worker-node-2")

func clusterOf(path string, value any) modeltest.Change {
	return modeltest.Set(model.PostgresType, modeltest.Database, path, value)
}

func TestAReplicatedDatabaseBreaksNothing(t *testing.T) {
	r := of(t, replicated)
	for _, v := range r.Report.Violations {
		assert.NotEqual(t, report.Mandatory, v.Level, "%s: %s", v.Rule, v.Message)
	}
	assert.Empty(t, r.Findings(PackError))
	assert.Empty(t, r.Findings(Drain))
	assert.Empty(t, r.Findings(report.AnyOrder))
	text := r.Report.Text()
	assert.Contains(t, text, "where the primary of postgres is there, a standby takes over first: about 10 s without writes (an estimate)")
	assert.Contains(t, text, "worker-node-1: where the primary of postgres is there, a standby takes over: orders fail for about 65 s, 50 s of them until the node counts as lost (an estimate); nothing lost")
}

func TestWritesThatWaitForAStandbyAreTold(t *testing.T) {
	text := of(t, replicated, clusterOf("spec.postgresql.synchronous.dataDurability", "required")).Report.Text()
	assert.Contains(t, text, "writes wait until there are as many again")
}

func TestOneInstanceCanNeverBeDrained(t *testing.T) {
	findings := of(t, modeltest.Replicated(1, "worker-node-2")).Findings(Drain)
	require.Len(t, findings, 1)
	assert.Contains(t, findings[0].Message, "node worker-node-2 can never be drained: ")
	assert.Contains(t, findings[0].Message, "set instances: 2 or more, or enablePDB: false")
	assert.Contains(t, findings[0].Resource, model.PostgresType+"::"+modeltest.Database)
}

func TestAnInstanceWithoutANodeNamesTheCluster(t *testing.T) {
	findings := of(t, modeltest.Replicated(2, "worker-node-2")).Findings(Placement)
	require.Len(t, findings, 1)
	assert.Contains(t, findings[0].Message, "cluster postgres: 1 of 2 pods stay Pending")
	assert.Contains(t, findings[0].Resource, model.PostgresType+"::"+modeltest.Database)
}

// What a change does to the data of a database.
func TestDataOfADatabaseIsKept(t *testing.T) {
	for name, c := range map[string]struct {
		runs, next []modeltest.Change
		messages   []string
	}{
		"as it is":      {[]modeltest.Change{replicated}, []modeltest.Change{replicated}, nil},
		"another image": {[]modeltest.Change{replicated}, []modeltest.Change{replicated, clusterOf("spec.imageName", "docker.io/library/postgres:16.9")}, nil},
		"it goes": {
			[]modeltest.Change{replicated}, []modeltest.Change{replicated, modeltest.Remove(model.PostgresType, modeltest.Database)},
			[]string{model.PostgresType + " shop-postgres is deleted by this change, and with it goes its instances with their claims, and the database in them"},
		},
		"another name": {
			[]modeltest.Change{replicated}, []modeltest.Change{replicated, clusterOf("metadata.name", "orders")},
			[]string{"shop-postgres is replaced by this change of metadata.name, and with it goes its instances"},
		},
		"a volume goes": {
			[]modeltest.Change{replicated}, []modeltest.Change{replicated, modeltest.Remove("kubernetes:core/v1:PersistentVolume", "shop-postgres-worker-node-1")},
			[]string{"PersistentVolume shop-postgres-worker-node-1 is deleted by this change"},
		},
		"it comes in the place of one server": {
			nil, []modeltest.Change{replicated},
			[]string{
				"PersistentVolume shop-postgres is deleted by this change", "PersistentVolumeClaim shop-postgres is deleted by this change",
				"Cluster postgres takes the place of Deployment postgres by this change and begins without data: nothing brings what the other one holds",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			runs := Running{File: exported(t, modeltest.Resources(t, "dev-preview.json", c.runs...))}
			r := Of(t.Context(), modeltest.Resources(t, "dev-preview.json", c.next...), runs)
			assert.Empty(t, r.Findings(PackError))
			findings := r.Findings(dataKept)
			require.Len(t, findings, len(c.messages), "%+v", findings)
			for i, message := range c.messages {
				assert.Contains(t, findings[i].Message, message)
			}
		})
	}
}
