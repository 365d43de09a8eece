//go:build lab && lifecycle

package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// Nodes of the table: the backend's, which nothing of the monitoring is on when it is broken, and the others.
const (
	control = "control-plane"
	first   = "worker-node-1"
	second  = "worker-node-2"
)

// faults is the table of what is broken, in an order in which what one leaves behind is in the way of few others.
func faults(r *receiver) []fault {
	return []fault{
		{
			name: "a disk of a node is nearly full", alert: "NodeDiskNearlyFull",
			before: addsDisk,
			happen: on(first, `fallocate --length "$(($(df --output=avail --block-size=1 /srv/trial | tail -n 1) * 95 / 100))" /srv/trial/full`),
			mend:   on(first, `rm -f /srv/trial/full`),
		},
		{
			name: "the database's volume is nearly full", alert: "VolumeNearlyFull",
			happen: on(second, `cd /var/lib/platform/volumes/postgres
				mountpoint -q .
				fallocate --length "$(($(df --output=avail --block-size=1 . | tail -n 1) * 95 / 100))" full`),
			mend: on(second, `rm -f /var/lib/platform/volumes/postgres/full`),
		},
		{
			name: "a pod whose command fails", alert: "PodCrashLooping",
			happen: kubectl("create", "deployment", "trial", "--image=redis:7-alpine", "--", "false"),
			mend:   kubectl("delete", "deployment", "trial", "--ignore-not-found"),
		},
		{
			name: "a pod whose image is not to be had", alert: "PodNotStarting",
			happen: kubectl("create", "deployment", "trial", "--image=redis:no-such-tag"),
			mend:   kubectl("delete", "deployment", "trial", "--ignore-not-found"),
		},
		{
			name: "a pod that wants a thousand processors", alert: "PodPending",
			happen: applied(pendingPod),
			mend:   kubectl("delete", "pod", "trial", "--ignore-not-found"),
		},
		{
			name: "a certificate with six days left is used", alert: "CertificateEndsSoon",
			happen: on(control, shortCertificate, "ADDRESS="+shop.Addresses[control]),
			mend:   never,
		},
		{
			name: "a backup whose key is void", alert: "BackupFailed",
			happen: on(control, `cp -n "$PASSWORD" "$PASSWORD.good"; echo void >"$PASSWORD"; ! systemctl start platform-backup@cluster`, passwordFile),
			mend: on(control, `[ ! -e "$PASSWORD.good" ] || mv "$PASSWORD.good" "$PASSWORD"
				systemctl start platform-backup@cluster`, passwordFile),
			begunLast: true,
		},
		{
			name: "the port of a node's agent is closed", alert: "ScrapeTargetLost",
			happen: drops(first, `iifname != "lo" tcp dport 9100`),
			mend:   dropsNothing(first),
		},
		{
			name: "kube-state-metrics is scaled to nothing", alert: "KubeStateMetricsDown",
			happen: scaled(watched, "kube-state-metrics", 0),
			mend:   scaled(watched, "kube-state-metrics", 1),
		},
		{
			name: "a webhook that nobody answers", alert: "ApiServerErrors",
			before: makesConfigMaps,
			happen: applied(deadWebhook),
			mend:   kubectl("delete", "validatingwebhookconfiguration", "trial", "--ignore-not-found"),
		},
		{
			name: "etcd gets little time of the processor", alert: "ApiServerSlow",
			happen: halts(control, "etcd", "1.5", "0.3"),
			mend:   goesOn(control, "etcd"),
		},
		{
			name: "the shop may not write orders", alert: "ShopErrors",
			happen: sql("REVOKE INSERT ON orders FROM shop"),
			mend:   sql("GRANT INSERT ON orders TO shop"),
		},
		{
			name: "the database gets little time of the processor", alert: "ShopSlow",
			happen: halts(second, "postgres", "0.8", "0.3"),
			mend:   goesOn(second, "postgres"),
		},
		{
			name: "the caches are scaled to nothing", alert: "CacheAway",
			happen: scaled(namespace, "redis", 0),
			mend:   scaled(namespace, "redis", 2),
		},
		{
			name: "the database is scaled to nothing", alert: "DatabaseAway",
			happen: scaled(namespace, "postgres", 0),
			mend:   scaled(namespace, "postgres", 1),
		},
		{
			name: "the frontends are scaled to nothing", alert: "ShopDown",
			happen: scaled(namespace, "frontend", 0),
			mend:   scaled(namespace, "frontend", 4),
		},
		{
			name: "CoreDNS is scaled to nothing", alert: "CoreDNSDown",
			happen: scaled("kube-system", "coredns", 0),
			mend:   scaled("kube-system", "coredns", 2),
		},
		{
			name: "one BGP session is down", alert: "PodRoutesLost",
			before: watchesFromTheFirst,
			happen: inOrder(closes(second, shop.Addresses[first]), endsSessions(second, shop.Addresses[first])),
			mend:   dropsNothing(second),
		},
		{
			name: "all BGP sessions of a node are down", alert: "CalicoNodeNotReady",
			before: watchesFromTheFirst,
			happen: inOrder(closes(second, ""), endsSessions(second, shop.Addresses[first], shop.Addresses[control])),
			mend:   dropsNothing(second),
		},
		{
			name: "Alertmanager is scaled to nothing", alert: "MonitoringDown",
			happen: scaled(watched, "alertmanager", 0),
			mend:   scaled(watched, "alertmanager", 1),
			untold: true,
		},
		{
			name: "the receiver refuses alerts", alert: "AlertsNotSent",
			happen: inOrder(r.refuse(true), sendsTrial(time.Hour)),
			mend:   inOrder(r.refuse(false), sendsTrial(0)),
			untold: true,
		},
		{
			// For so long that whoever cannot do without it has ended.
			name: "the API server's manifest is gone", alert: "ApiServerDown", lasts: 3 * time.Minute,
			happen: on(control, `mv /etc/kubernetes/manifests/kube-apiserver.yaml /etc/kubernetes/trial.yaml`),
			mend:   inOrder(on(control, `[ ! -e /etc/kubernetes/trial.yaml ] || mv /etc/kubernetes/trial.yaml /etc/kubernetes/manifests/kube-apiserver.yaml`), isWholeAgain),
		},
		{
			name: "etcd stands still", alert: "EtcdDown",
			happen: on(control, `pkill -STOP -x etcd`),
			mend:   inOrder(on(control, `pkill -CONT -x etcd`), isWholeAgain),
		},
		{
			name: "the control plane's machine hangs", alert: "NodeDown",
			happen: machine(control, "pause"),
			mend:   inOrder(machine(control, "unpause"), isWholeAgain),
		},
		{
			name: "a worker loses its power", alert: "NodeDown",
			before: watchesFromTheFirst,
			happen: machine(second, "kill"),
			mend:   inOrder(machine(second, "start"), isWholeAgain),
		},
		{
			name: "the disk of etcd is slow", alert: "EtcdSlow",
			before: movesEtcd,
			happen: freezes(control, "/var/lib/etcd", "0.9", "0.02"),
			mend:   thaws(control, "/var/lib/etcd"),
		},
	}
}

const (
	passwordFile = "PASSWORD=/var/lib/platform/backup/password"

	pendingPod = `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "trial", "namespace": "default"},
		"spec": {"containers": [{"name": "trial", "image": "redis:7-alpine", "resources": {"requests": {"cpu": "1000"}}}]}}`

	// deadWebhook is asked of every ConfigMap that somebody makes in one namespace, and is not there.
	deadWebhook = `{"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "trial"}, "webhooks": [{
		"name": "trial.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Fail", "timeoutSeconds": 1,
		"clientConfig": {"service": {"namespace": "default", "name": "trial"}},
		"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "default"}},
		"rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}]}]}`

	// shortCertificate makes one of the cluster's authority, and asks the API server with it.
	shortCertificate = `cd "$(mktemp -d)"
		openssl req -new -newkey rsa:2048 -nodes -keyout key -subj /CN=trial -out request 2>/dev/null
		openssl x509 -req -in request -CA /etc/kubernetes/pki/ca.crt -CAkey /etc/kubernetes/pki/ca.key -set_serial 4711 -days 6 -out certificate 2>/dev/null
		curl --silent --show-error --fail --cacert /etc/kubernetes/pki/ca.crt --cert certificate --key key "https://$ADDRESS:6443/version" >/dev/null
		rm -r "$PWD"`
)

// never mends what is over by itself.
func never(context.Context) error { return nil }

// inOrder does one thing after the other.
func inOrder(steps ...func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		for _, step := range steps {
			if err := step(ctx); err != nil {
				return err
			}
		}
		return nil
	}
}

// on runs a script as root on a node, with variables in its environment.
func on(node, script string, variables ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := shop.OnMachine(ctx, node, append(append([]string{"env"}, variables...), "sh", "-ec", script)...)
		return err
	}
}

func kubectl(args ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := shop.TryKubectl(ctx, args...)
		return err
	}
}

func applied(document string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := shop.KubectlStdin(ctx, document, "apply", "-f", "-")
		return err
	}
}

func scaled(namespace, deployment string, replicas int) func(context.Context) error {
	return kubectl("scale", "-n", namespace, "deployment/"+deployment, fmt.Sprintf("--replicas=%d", replicas))
}

func sql(statement string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := shop.SQL(ctx, statement)
		return err
	}
}

// eventually has a test wait for a step.
func eventually(t *testing.T, step func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience+time.Minute)
	defer cancel()
	if err := step(ctx); err != nil {
		t.Fatal(err)
	}
}
