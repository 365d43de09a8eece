package workloads

import (
	"fmt"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/workloads/cloudnativepg"
)

// projected is where the operator mounts files of the program's own into servers.
const projected = "/projected"

// replicasAccount is what servers ask the API server as which of them is the primary. One server's account has another name, and no token:
// an update from one to several removes it while they run.
const replicasAccount = postgresName + "-replicas"

// deployReplicas deploys the database as several servers on as many nodes, by CloudNativePG. It makes their pods, claims, Services and
// budgets; the volumes are here, one on each node that may have a server.
func (to *target) deployReplicas() (*endpoint, error) {
	postgres := &tier{Tier: to.args.Postgres.Tier, name: postgresName, component: "database"}
	operator, err := cloudnativepg.New(to.ctx, to.name, &cloudnativepg.Args{
		Image: to.args.CloudNativePGImage, Shop: to.args.Namespace, PodCidr: to.args.PodCidr,
		Labels: platformLabels(), Annotations: annotations(), Options: to.options(),
	})
	if err != nil {
		return nil, err
	}
	admin, application, err := to.databaseSecrets(postgres)
	if err != nil {
		return nil, err
	}
	// Restoring sets passwords as the one server does at its start.
	scripts, err := to.configMap(postgres, "scripts", map[string]string{"roles.sh": siteFile("postgres/roles.sh")})
	if err != nil {
		return nil, err
	}
	needs := append(operator, to.bounds...)
	needs = append(needs, admin, application, scripts.configMap)
	account, err := corev1.NewServiceAccount(to.ctx, to.child(replicasAccount), &corev1.ServiceAccountArgs{
		Metadata: postgres.meta(to, replicasAccount), AutomountServiceAccountToken: pulumi.Bool(true),
	}, to.options()...)
	if err != nil {
		return nil, err
	}
	needs = append(needs, account)
	class, err := to.storageClass(postgres)
	if err != nil {
		return nil, err
	}
	for _, node := range to.args.DatabaseNodes() {
		place := to.args.Postgres.Volume + "-" + node
		volume, err := to.localVolume(postgres, class, postgres.name+"-"+node, place+"-replica", node, nil)
		if err != nil {
			return nil, err
		}
		needs = append(needs, volume)
	}

	meta := postgres.meta(to, postgresName)
	notes := annotations()
	// The provider knows nothing of the kind, and would not wait.
	notes["pulumi.com/waitFor"] = pulumi.String("condition=Ready")
	meta.Annotations = notes
	if _, err := apiextensions.NewCustomResource(to.ctx, to.child(postgresName), &apiextensions.CustomResourceArgs{
		ApiVersion:  pulumi.String(cloudnativepg.APIVersion),
		Kind:        pulumi.String(cloudnativepg.Kind),
		Metadata:    meta,
		OtherFields: kubernetes.UntypedArgs{"spec": to.replicasSpec(postgres, pulumi.String(scripts.name))},
	}, to.options(awaited(pulumi.DependsOn(needs))...)...); err != nil {
		return nil, err
	}
	host := to.args.Postgres.host()
	return &endpoint{
		name: host, dnsName: fmt.Sprintf("%s.%s.svc.cluster.local", host, to.args.Namespace), port: postgresPort, secret: application,
	}, nil
}

// replicasSpec is what CloudNativePG is told. What it does not say is CloudNativePG's own default.
// https://cloudnative-pg.io/documentation/current/cloudnative-pg.v1/#clusterspec
func (to *target) replicasSpec(t *tier, scripts pulumi.StringInput) pulumi.Map {
	d, placement := to.args.Postgres, placementOf(t.name)
	spec := pulumi.Map{
		"instances":          pulumi.Int(d.Replicas),
		"serviceAccountName": pulumi.String(replicasAccount),
		"imageName":          pulumi.String(d.Image),
		"imagePullPolicy":    pulumi.String("IfNotPresent"),
		// Those of the official image.
		"postgresUID": pulumi.Int(999), "postgresGID": pulumi.Int(999),
		"podSecurityContext": corev1.PodSecurityContextArgs{
			RunAsNonRoot: pulumi.Bool(true), RunAsUser: pulumi.Int(999), RunAsGroup: pulumi.Int(999), FsGroup: pulumi.Int(999),
			// Always, the default, would open PostgreSQL's files to the group each time, and the server refuses that.
			FsGroupChangePolicy: pulumi.String("OnRootMismatch"),
			SeccompProfile:      corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
		},
		"resources": corev1.ResourceRequirementsArgs{Requests: d.Requests.quantities(), Limits: d.Limits.quantities()},
		"affinity": pulumi.Map{
			"nodeSelector": placement.nodeSelector(), "tolerations": placement.tolerations(),
			"enablePodAntiAffinity": pulumi.Bool(true), "podAntiAffinityType": pulumi.String("required"), "topologyKey": pulumi.String(hostnameKey),
		},
		"storage":                   pulumi.Map{"storageClass": pulumi.String(to.className(t)), "size": pulumi.String(claimSize), "resizeInUseVolumes": pulumi.Bool(false)},
		"ephemeralVolumesSizeLimit": pulumi.Map{"shm": pulumi.String(d.SharedMemory), "temporaryData": pulumi.String("64Mi")},

		"enableSuperuserAccess": pulumi.Bool(true),
		"superuserSecret":       pulumi.Map{"name": pulumi.String(superuserSecret)},
		"bootstrap": pulumi.Map{"initdb": pulumi.Map{
			"database": pulumi.String(applicationName), "owner": pulumi.String(applicationName),
			"secret": pulumi.Map{"name": pulumi.String(applicationSecret)},
			// A damaged page is an error and not an answer.
			"dataChecksums": pulumi.Bool(true),
		}},
		"env": corev1.EnvVarArray{
			secretKey("POSTGRES_PASSWORD", pulumi.String(superuserSecret), passwordKey),
			secretKey("APPLICATION_ROLE", pulumi.String(applicationSecret), usernameKey),
			secretKey("APPLICATION_PASSWORD", pulumi.String(applicationSecret), passwordKey),
		},
		"projectedVolumeTemplate": pulumi.Map{"sources": pulumi.Array{pulumi.Map{"configMap": pulumi.Map{"name": scripts}}}},

		"postgresql": pulumi.Map{
			"synchronous": to.synchronous(),
			"parameters": pulumi.StringMap{
				// What the primary keeps for a server that is away must leave it room: one that comes later is made anew.
				"max_slot_wal_keep_size": pulumi.Sprintf("%dMB", d.VolumeGiB<<10/4),
				"wal_keep_size":          pulumi.Sprintf("%dMB", min(512, d.VolumeGiB<<10/10)),
			},
		},
		// Seconds for which another server waits that finds the primary silent, and has been chosen, before it takes orders. Where the primary
		// does not reach the API server, and nobody is chosen, it goes on: it is the others that have to wait.
		"primaryLease": pulumi.Map{
			"leaseDurationSeconds": pulumi.Int(3), "renewDeadlineSeconds": pulumi.Int(2), "retryPeriodSeconds": pulumi.Int(1),
		},
		// A new version goes to those that follow, one of which then takes over from the primary.
		"primaryUpdateStrategy": pulumi.String("unsupervised"), "primaryUpdateMethod": pulumi.String("switchover"),
		// Seconds: until the server has gone through its log at a start; until it is killed at its end; for open transactions then; and for the
		// others to get the rest of its log when another one takes over.
		"startDelay": pulumi.Int(600), "stopDelay": pulumi.Int(120), "smartShutdownTimeout": pulumi.Int(10), "switchoverDelay": pulumi.Int(60),
		"monitoring":        pulumi.Map{"disableDefaultQueries": pulumi.Bool(true)},
		"inheritedMetadata": pulumi.Map{"labels": pulumi.StringMap{"app.kubernetes.io/part-of": pulumi.String(partOf)}},
	}
	if pullers := to.pullSecrets(); pullers != nil {
		spec["imagePullSecrets"] = pullers
	}
	return spec
}

// synchronous says when an order counts: once another server has it on its disk.
func (to *target) synchronous() pulumi.Map {
	d := to.args.Postgres
	synchronous := pulumi.Map{
		"method": pulumi.String("any"), "number": pulumi.Int(1), "dataDurability": pulumi.String(d.durability()),
	}
	if d.durability() == durabilityRequired && d.Replicas > 2 {
		// Nobody becomes the primary while all who may have the last orders are away.
		synchronous["failoverQuorum"] = pulumi.Bool(true)
	}
	return synchronous
}
