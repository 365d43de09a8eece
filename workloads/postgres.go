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
	// postgresScripts is where the container finds the files of site/postgres.
	postgresScripts = "/etc/platform"
	superuser       = "postgres"
)

// deployPostgres deploys the database.
func (to *target) deployPostgres() (*endpoint, error) {
	if to.args.Postgres.Replicated() {
		return to.deployReplicas()
	}
	return to.deployServer()
}

// host is the name of the Service by which clients reach the server that takes orders.
func (d Database) host() string {
	if d.Replicated() {
		return postgresName + "-rw"
	}
	return postgresName
}

// deployServer deploys one server, its data on a directory of one node.
func (to *target) deployServer() (*endpoint, error) {
	// Over TCP, since the server that the image runs while it sets itself up listens on a socket only.
	const answers = "pg_isready -q -h 127.0.0.1 -U " + superuser
	postgres := &tier{
		Tier:      to.args.Postgres.Tier,
		name:      postgresName,
		component: "database",
		portName:  postgresPortName,
		port:      postgresPort,
		uid:       999,
		gid:       999,
		command:   []string{"sh", path.Join(postgresScripts, "start.sh")},
		env: corev1.EnvVarArray{
			variable("VOLUME", postgresData),
			variable("PGDATA", path.Join(postgresData, "pgdata")),
			variable("TAG_MAJOR", to.args.Postgres.Major()),
			// A damaged page is an error and not an answer.
			variable("POSTGRES_INITDB_ARGS", "--data-checksums"),
			secretKey("POSTGRES_PASSWORD", pulumi.String(superuserSecret), passwordKey),
			secretKey("APPLICATION_ROLE", pulumi.String(applicationSecret), usernameKey),
			secretKey("APPLICATION_PASSWORD", pulumi.String(applicationSecret), passwordKey),
		},
		started: []string{"sh", path.Join(postgresScripts, "roles.sh")},
		probes: probes{
			// 1 is the answer of a server that takes no connections now, since it replays its log, which a restart would
			// only begin again. 2 is none. https://www.postgresql.org/docs/current/app-pg-isready.html
			alive:          check{command: []string{"sh", "-c", answers + "; test $? -le 1"}},
			ready:          check{command: []string{"sh", "-c", answers}},
			startupSeconds: 600,
		},
		// No drain: no other server takes over. On the image's stop signal SIGINT the server rolls open transactions
		// back, writes a checkpoint and exits.
		grace: 120,
		// One server on one data directory: the old one ends before the new one starts.
		strategy: appsv1.DeploymentStrategyArgs{Type: pulumi.String("Recreate")},
		reads:    to.passwordDigest(),
	}
	admin, application, err := to.databaseSecrets(postgres)
	if err != nil {
		return nil, err
	}
	scripts, err := to.configMap(postgres, "scripts", map[string]string{
		"start.sh": siteFile("postgres/start.sh"), "roles.sh": siteFile("postgres/roles.sh"),
	})
	if err != nil {
		return nil, err
	}
	postgres.after = []pulumi.Resource{admin, application, scripts.configMap}
	claim, err := to.storage(postgres)
	if err != nil {
		return nil, err
	}
	if claim != nil {
		postgres.after = append(postgres.after, claim)
	}
	postgres.mounts = []mount{
		{name: "data", path: postgresData, source: corev1.VolumeArgs{
			PersistentVolumeClaim: corev1.PersistentVolumeClaimVolumeSourceArgs{ClaimName: pulumi.String(to.claimName())},
		}},
		files("scripts", postgresScripts, scripts),
		memory("shm", "/dev/shm", to.args.Postgres.SharedMemory),
		scratch("run", "/var/run/postgresql", "1Mi"),
		scratch("tmp", "/tmp", "64Mi"),
	}
	server, err := to.deploy(postgres, serviceArgs{port: postgresPort})
	if err != nil {
		return nil, err
	}
	server.secret = application
	return server, nil
}
