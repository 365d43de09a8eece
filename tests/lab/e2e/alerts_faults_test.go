//go:build lab && lifecycle

package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"ecommerce-platform/tests/lab/load"
	"ecommerce-platform/tests/lab/toolchain"
)

// machine does something to the container that a node's machine is.
func machine(node, what string) func(context.Context) error {
	return func(ctx context.Context) error {
		container, err := shop.Container(ctx, node)
		if err != nil {
			return err
		}
		_, err = toolchain.Run(ctx, "docker", what, container)
		return err
	}
}

// drops has a node lose the packets that match, as if a security group did not admit them.
func drops(node string, matches ...string) func(context.Context) error {
	script := "nft --file - <<'end'\nadd table inet trial\nadd chain inet trial lost { type filter hook prerouting priority -300; }\n"
	for _, match := range matches {
		script += "add rule inet trial lost " + match + " drop\n"
	}
	return on(node, script+"end\n")
}

func dropsNothing(node string) func(context.Context) error {
	return on(node, `nft delete table inet trial 2>/dev/null || ! nft list tables | grep trial`)
}

// closes lets nothing of BGP in from a peer, or from any.
func closes(node, peer string) func(context.Context) error {
	if peer != "" {
		peer = "ip saddr " + peer + " "
	}
	return drops(node, peer+"tcp dport 179", peer+"tcp sport 179")
}

// endsSessions ends those with these peers, which begin anew where they may.
func endsSessions(node string, peers ...string) func(context.Context) error {
	script := `pod="$(crictl ps --quiet --name '^calico-node$' | head -n 1)"` + "\n"
	for _, peer := range peers {
		script += "crictl exec \"$pod\" birdcl -s /var/run/calico/bird.ctl restart Mesh_" + strings.ReplaceAll(peer, ".", "_") + "\n"
	}
	return on(node, script)
}

// repeats runs commands over and over in a unit, until that is stopped.
func repeats(node, commands string) func(context.Context) error {
	return on(node, `systemd-run --quiet --collect --unit=trial sh -c "while :; do $COMMANDS; done"`, "COMMANDS="+commands)
}

const stops = `systemctl stop trial 2>/dev/null || ! systemctl is-active --quiet trial`

// halts keeps programs of a name from the processors but for a moment now and then, in seconds.
func halts(node, name, away, back string) func(context.Context) error {
	return repeats(node, fmt.Sprintf("pkill -STOP -x %[1]s; sleep %[2]s; pkill -CONT -x %[1]s; sleep %[3]s", name, away, back))
}

func goesOn(node, name string) func(context.Context) error {
	return inOrder(on(node, stops), on(node, "pkill -CONT -x "+name))
}

// freezes keeps everything from being written to a file system of its own but for a moment now and then, in seconds.
func freezes(node, directory, away, back string) func(context.Context) error {
	return inOrder(on(node, "mountpoint -q "+directory),
		repeats(node, fmt.Sprintf("fsfreeze --freeze %[1]s; sleep %[2]s; fsfreeze --unfreeze %[1]s; sleep %[3]s", directory, away, back)))
}

func thaws(node, directory string) func(context.Context) error {
	return inOrder(on(node, stops), on(node, "fsfreeze --unfreeze "+directory+" 2>/dev/null || true"))
}

// addsDisk gives the first worker a small disk: the others are this machine's.
func addsDisk(t *testing.T) {
	eventually(t, on(first, `truncate --size 64M /var/lib/containerd/trial
		mkfs.ext4 -q -F /var/lib/containerd/trial
		mkdir -p /srv/trial
		mount -o loop /var/lib/containerd/trial /srv/trial`))
	t.Cleanup(func() { eventually(t, on(first, `umount /srv/trial; rm /var/lib/containerd/trial`)) })
}

// moveEtcd stops etcd, does something to its data, and starts it again.
const moveEtcd = `mv /etc/kubernetes/manifests/etcd.yaml /etc/kubernetes/trial.yaml
	timeout 120 sh -c 'while pgrep -x etcd >/dev/null; do sleep 1; done'
	mkdir -p /mnt/trial
	%s
	mv /etc/kubernetes/trial.yaml /etc/kubernetes/manifests/etcd.yaml`

// movesEtcd puts its data on a disk of their own, which can be slow without this machine's being so.
func movesEtcd(t *testing.T) {
	eventually(t, on(control, fmt.Sprintf(moveEtcd, `truncate --size 2G /var/lib/containerd/trial
	mkfs.ext4 -q -F /var/lib/containerd/trial
	mount -o loop /var/lib/containerd/trial /mnt/trial
	cp --archive /var/lib/etcd/. /mnt/trial/
	umount /mnt/trial
	mount -o loop /var/lib/containerd/trial /var/lib/etcd`)))
	t.Cleanup(func() {
		eventually(t, on(control, fmt.Sprintf(moveEtcd, `umount /var/lib/etcd
	mount -o loop /var/lib/containerd/trial /mnt/trial
	rm -rf /var/lib/etcd/*
	cp --archive /mnt/trial/. /var/lib/etcd/
	umount /mnt/trial
	rm /var/lib/containerd/trial`)))
		eventually(t, isWholeAgain)
	})
	eventually(t, isWholeAgain)
}

// watchesFromTheFirst moves what watches off the second worker.
func watchesFromTheFirst(t *testing.T) {
	t.Helper()
	shop.Kubectl(t, "cordon", second)
	t.Cleanup(func() { eventually(t, kubectl("uncordon", second)) })
	pods, err := get[corev1.PodList](t.Context(), "pods", "-n", watched, "--field-selector", "spec.nodeName="+second)
	require.NoError(t, err)
	for _, pod := range pods.Items {
		shop.Kubectl(t, "delete", "pod", "-n", watched, pod.Name)
	}
	eventually(t, isWholeAgain)
	shop.Kubectl(t, "uncordon", second)
}

// makesConfigMaps tries to, again and again. None of them stays.
func makesConfigMaps(t *testing.T) {
	config, err := clientcmd.RESTConfigFromKubeConfig([]byte(fmt.Sprint(shop.Outputs["kubeconfig"])))
	require.NoError(t, err)
	client, err := rest.HTTPClientFor(config)
	require.NoError(t, err)
	loop := load.Start(t.Context(), load.Options{PerSecond: 10, Ask: func(ctx context.Context, _ *http.Client) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, config.Host+"/api/v1/namespaces/default/configmaps?dryRun=All",
			strings.NewReader(`{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "trial"}}`))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/json")
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer func() { _ = response.Body.Close() }()
		_, err = io.Copy(io.Discard, response.Body)
		if err == nil && response.StatusCode != http.StatusCreated {
			err = fmt.Errorf("status %d", response.StatusCode)
		}
		return err
	}})
	t.Cleanup(func() { t.Logf("ConfigMaps: %s", loop.Stop()) })
}

// trialName is that of an alert of nothing, as a person sends it who tries whether alerts arrive.
const trialName = "Trial"

// sendsTrial has Alertmanager tell of it for so long.
func sendsTrial(lasts time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		pods, err := get[corev1.PodList](ctx, "pods", "-n", watched, "-l", nameLabel+"=alertmanager")
		if err != nil {
			return err
		}
		if len(pods.Items) != 1 {
			return fmt.Errorf("%d pods of Alertmanager", len(pods.Items))
		}
		alert := fmt.Sprintf(`[{"labels": {"alertname": %q}, "endsAt": %q}]`, trialName, time.Now().Add(lasts).UTC().Format(time.RFC3339))
		_, err = shop.OnMachine(ctx, pods.Items[0].Spec.NodeName, "curl", "--silent", "--show-error", "--fail", "--max-time", "5",
			"--header", "Content-Type: application/json", "--data", alert, "http://"+pods.Items[0].Status.PodIP+":9093/api/v2/alerts")
		return err
	}
}

// refuse has the receiver do so, or take what comes.
func (r *receiver) refuse(refuses bool) func(context.Context) error {
	return func(context.Context) error {
		r.refuses.Store(refuses)
		return nil
	}
}
