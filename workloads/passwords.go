package workloads

import (
	"crypto/hkdf"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/workloads/cloudnativepg"
)

// Names of the Secrets that tell how to connect to the database: as its superuser, and as the role of the shop's backends.
// They never change, nor do their keys.
const (
	superuserSecret   = postgresName
	applicationSecret = postgresName + "-application"
)

// applicationName is the role that backends connect as, and the database that it owns.
const applicationName = "shop"

// databaseSecrets are the only place that holds the database's passwords.
func (to *target) databaseSecrets(t *tier) (admin, application *corev1.Secret, err error) {
	password := to.args.DatabasePassword.ToStringOutput()
	secret := func(name string, content pulumi.StringMapOutput) (*corev1.Secret, error) {
		meta := t.meta(to, name)
		if to.args.Postgres.Replicated() {
			meta.Labels.(pulumi.StringMap)[cloudnativepg.ReloadLabel] = pulumi.String("true")
		}
		return corev1.NewSecret(to.ctx, to.child(name), &corev1.SecretArgs{
			Metadata: meta, Type: pulumi.String("Opaque"), StringData: content,
		}, to.options()...)
	}
	host := to.args.Postgres.host()
	if admin, err = secret(superuserSecret, connection(host, superuser, superuser, password)); err != nil {
		return nil, nil, err
	}
	derived := password.ApplyT(applicationPassword).(pulumi.StringOutput)
	application, err = secret(applicationSecret, connection(host, applicationName, applicationName, derived))
	return admin, application, err
}

// applicationPassword is derived from the superuser's, which cannot be told from it.
func applicationPassword(superusers string) (string, error) {
	key, err := hkdf.Key(sha256.New, []byte(superusers), nil, "ecommerce-platform database role "+applicationName, 24)
	if err != nil {
		return "", fmt.Errorf("deriving the password of %s: %w", applicationName, err)
	}
	return base64.RawURLEncoding.EncodeToString(key), nil
}

// digestRounds make guessing far slower than PostgreSQL's own hashes of passwords do, which have 4096.
const digestRounds = 100_000

// passwordDigest differs when the password does, and helps little to guess it.
func (to *target) passwordDigest() pulumi.StringOutput {
	salt := []byte(to.args.Identifier + "/" + to.args.Namespace)
	return pulumi.Unsecret(to.args.DatabasePassword.ToStringOutput().ApplyT(func(password string) (string, error) {
		key, err := pbkdf2.Key(sha256.New, password, salt, digestRounds, 6)
		return hex.EncodeToString(key), err
	})).(pulumi.StringOutput)
}
