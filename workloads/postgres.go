package workloads

import (
	"path"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// postgresData is where the image keeps its data. PGDATA lies below, since initdb wants a directory it may own.
	postgresData = "/var/lib/postgresql/data"
	postgresPort = 5432
)

// deployPostgres deploys the database: one server, its data on a directory of one node.
func (to *target) deployPostgres() (*endpoint, error) {
	// Over TCP, since the server that the image runs while it sets itself up listens on a socket only.
	accepts := check{command: []string{"pg_isready", "-q", "-h", "127.0.0.1", "-U", "postgres"}}
	postgres := &tier{
		Tier:      to.args.Postgres,
		name:      postgresName,
		component: "database",
		portName:  "postgresql",
		port:      postgresPort,
		uid:       999,
		gid:       999,
		env: corev1.EnvVarArray{
			variable("PGDATA", path.Join(postgresData, "pgdata")),
			// A damaged page is an error and not an answer.
			variable("POSTGRES_INITDB_ARGS", "--data-checksums"),
			// The image reads it when it creates the data directory. To change it later, ALTER ROLE as well.
			secretKey("POSTGRES_PASSWORD", pulumi.String(postgresName), passwordKey),
		},
		// After a crash the server first replays its log, and refuses connections meanwhile.
		probes: probes{alive: accepts, ready: accepts, startupSeconds: 600},
		// No drain: no other server takes over. On the image's stop signal SIGINT the server rolls open transactions
		// back, writes a checkpoint and exits.
		grace: 120,
		// Two servers on one data directory destroy it: the old one ends before the new one starts.
		strategy: appsv1.DeploymentStrategyArgs{Type: pulumi.String("Recreate")},
	}
	password, err := to.password(postgres)
	if err != nil {
		return nil, err
	}
	claim, err := to.storage(postgres)
	if err != nil {
		return nil, err
	}
	postgres.mounts = []mount{
		{name: "data", path: postgresData, source: corev1.VolumeArgs{
			PersistentVolumeClaim: corev1.PersistentVolumeClaimVolumeSourceArgs{ClaimName: pulumi.String(postgresName)},
		}},
		scratch("run", "/var/run/postgresql", "1Mi"),
		scratch("tmp", "/tmp", "64Mi"),
	}
	postgres.after = []pulumi.Resource{password, claim}
	server, err := to.deploy(postgres, serviceArgs{port: postgresPort})
	if err != nil {
		return nil, err
	}
	server.secret = password
	return server, nil
}

// password is the only place that holds the database password.
func (to *target) password(t *tier) (*corev1.Secret, error) {
	return corev1.NewSecret(to.ctx, to.child(t.name), &corev1.SecretArgs{
		Metadata:   t.meta(to, t.name),
		Type:       pulumi.String("Opaque"),
		StringData: connection("postgres", "postgres", to.args.DatabasePassword),
	}, to.options()...)
}
