//go:build lab && lifecycle

package lifecycle

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ecommerce-platform/tests/lab/labtest"
	"ecommerce-platform/tests/lab/machines"
	"ecommerce-platform/tests/lab/s3"
)

const (
	backupBucket, backupPrefix  = "shop-backups", "prod"
	backedUpObject, laterObject = "in-the-point", "made-after-the-point"
)

// testBackupInS3 keeps backups on an S3 server, with the rights that the program gives the control plane's role on AWS. Then
// the backups get another password, the control plane's machine is lost with its disk, and the next one starts from there.
func testBackupInS3(t *testing.T) {
	place := func(endpoint string) map[string]any {
		never := "2099-01-01"
		return map[string]any{"backup": map[string]any{
			"destination": fmt.Sprintf("s3:%s/%s/%s", endpoint, backupBucket, backupPrefix),
			"schedule":    map[string]any{"cluster": never, "data": never}, "run": "in S3",
		}}
	}
	require.NoError(t, shop.Set(t.Context(), place("https://s3.eu-central-1.amazonaws.com")))
	foreseen, err := shop.Stack.Preview(t.Context())
	require.NoError(t, err)
	key := s3.Key{ID: "control-plane", Secret: "a-key-of-this-test-alone"}
	for _, step := range foreseen.Steps {
		if step.URN.Type() == "aws:iam/rolePolicy:RolePolicy" {
			key.Policy = fmt.Sprint(step.Inputs["policy"])
		}
	}
	require.NotEmpty(t, key.Policy)
	host, err := machines.HostAddress(options.VpcCidr)
	require.NoError(t, err)
	store, err := s3.Start(t.Context(), host, t.TempDir(), backupBucket, key)
	require.NoError(t, err)
	t.Cleanup(store.Stop)

	setKey := func(id, secret string) {
		text, err := json.Marshal(map[string]string{"accessKeyId": id, "secretAccessKey": secret})
		require.NoError(t, err)
		require.NoError(t, shop.Stack.SetSecret(t.Context(), "backupKey", string(text)))
	}
	setKey(key.ID, key.Secret)
	require.NoError(t, shop.Set(t.Context(), place(store.Endpoint)))
	shop.Kubectl(t, "create", "configmap", "-n", "ecommerce", backedUpObject)
	start := time.Now()
	_, err = shop.Stack.Up(t.Context())
	require.NoError(t, err)
	require.NoError(t, shop.Connect(t.Context()))
	points, ok := shop.Outputs["backups"].([]any)
	require.True(t, ok)
	assert.Equal(t, []string{"etcd", "postgres.sql"}, holds(t, points))
	note(t, "backups in S3", "repository made and both points stored in %s, with the policy of the program's role", time.Since(start).Round(time.Second))
	t.Run("the policy opens nothing else", func(t *testing.T) {
		for _, beside := range []string{backupBucket + "/staging", backupBucket, "another-bucket/" + backupPrefix} {
			_, err := shop.OnMachine(t.Context(), "control-plane", "env", "AWS_SHARED_CREDENTIALS_FILE=/var/lib/platform/backup/credentials",
				"RESTIC_PASSWORD_FILE=/var/lib/platform/backup/password", "timeout", "60", "restic", "--repo", "s3:"+store.Endpoint+"/"+beside, "init")
			require.ErrorContains(t, err, "Access Denied", beside)
		}
	})

	// The next machine reads points that were stored under another password than it gets.
	require.NoError(t, shop.Stack.SetSecret(t.Context(), "backupPassword", "another password of this test"))
	_, err = shop.Stack.Up(t.Context())
	require.NoError(t, err)

	query(t, "create table written_since (id int)")
	query(t, "insert into written_since values (1)")
	shop.Kubectl(t, "create", "configmap", "-n", "ecommerce", laterObject)
	container, err := shop.Container(t.Context(), "control-plane")
	require.NoError(t, err)
	lost := time.Now()
	_, err = docker("rm", "--force", "--volumes", container)
	require.NoError(t, err)
	_, err = shop.Stack.Refresh(t.Context(), "--target", "**aws:ec2/instance:Instance::control-plane")
	require.NoError(t, err)
	_, err = shop.Stack.Up(t.Context())
	require.NoError(t, err)
	require.NoError(t, shop.Connect(t.Context()))
	labtest.Eventually(t, restoreLimit, allAnswers)
	note(t, "the control plane's machine is lost", "the next one starts from S3, and everything answers %s after the loss", time.Since(lost).Round(time.Second))
	requireWhole(t)
	shop.Kubectl(t, "get", "configmap", "-n", "ecommerce", backedUpObject)
	_, err = shop.TryKubectl(t.Context(), "get", "configmap", "-n", "ecommerce", laterObject)
	require.ErrorContains(t, err, "NotFound", "made after the point")
	assert.Equal(t, "1", query(t, "select count(*) from written_since"), "the database, on another machine, is left alone")
	requireUnchanged(t)

	shop.Kubectl(t, "delete", "configmap", "-n", "ecommerce", backedUpObject)
	query(t, "drop table written_since")
	setKey("", "")
	require.NoError(t, shop.Stack.SetSecret(t.Context(), "backupPassword", ""))
	require.NoError(t, shop.Set(t.Context(), nil))
	_, err = shop.Stack.Up(t.Context())
	require.NoError(t, err)
	files := strings.Fields(onMachine(t, "control-plane", "ls /var/lib/platform/backup"))
	assert.NotContains(t, files, "credentials", "without a destination")
}
