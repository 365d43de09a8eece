package workloads

import (
	"fmt"
	"net"
	"net/url"
	"strconv"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// databaseURL holds all of databaseVariables.
const databaseURL = "DATABASE_URL"

// databaseVariables are what PostgreSQL's own library reads, and with it nearly every other.
// https://www.postgresql.org/docs/current/libpq-envars.html
var databaseVariables = []string{"PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE"}

// Keys of a Secret that tells how to connect to PostgreSQL.
const (
	usernameKey = "username"
	passwordKey = "password"
	databaseKey = "database"
	uriKey      = "uri"
)

// connection is the content of a Secret that tells how to connect to PostgreSQL.
func connection(host, username, database string, password pulumi.StringInput) pulumi.StringMapOutput {
	content := password.ToStringOutput().ApplyT(func(password string) map[string]string {
		uri := url.URL{
			Scheme: "postgresql", User: url.UserPassword(username, password),
			Host: net.JoinHostPort(host, strconv.Itoa(postgresPort)), Path: database,
		}
		return map[string]string{
			usernameKey: username, passwordKey: password, databaseKey: database, uriKey: uri.String(),
		}
	})
	return pulumi.ToSecret(content).(pulumi.StringMapOutput)
}

// dependencies tell a backend where the database and the caches are, in the names that libraries read by themselves.
func dependencies(postgres, redis *endpoint) corev1.EnvVarArray {
	secret := pulumi.String(applicationSecret)
	return corev1.EnvVarArray{
		variable("PGHOST", postgres.name),
		variable("PGPORT", strconv.Itoa(postgres.port)),
		secretKey("PGUSER", secret, usernameKey),
		secretKey("PGPASSWORD", secret, passwordKey),
		secretKey("PGDATABASE", secret, databaseKey),
		secretKey(databaseURL, secret, uriKey),
		variable("REDIS_URL", fmt.Sprintf("redis://%s:%d/0", redis.name, redis.port)),
	}
}
