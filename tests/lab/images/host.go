package images

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"ecommerce-platform/tests/lab/toolchain"
)

// conntrackFile is readable by everyone; only the host's network namespace may write it.
const conntrackFile = "/proc/sys/net/netfilter/nf_conntrack_max"

// setConntrack writes the table's size and, as kube-proxy would, a hash of at least a quarter of it.
const setConntrack = `set -eu
echo "$1" > ` + conntrackFile + `
hash=/sys/module/nf_conntrack/parameters/hashsize
if [ "$(cat $hash)" -lt "$(($1 / 4))" ]; then
    mount -o remount,bind,rw /sys
    echo "$(($1 / 4))" > $hash
fi`

// PrepareHost gives the host's connection tracking the size that kube-proxy wants. On a machine kube-proxy sets it;
// in a container it cannot, and ends unless it finds exactly its own value. A restart of the host undoes it.
func PrepareHost(ctx context.Context) error {
	want := conntrackMax(processors())
	if text, err := os.ReadFile(conntrackFile); err == nil && strings.TrimSpace(string(text)) == strconv.Itoa(want) {
		return nil
	}
	image, err := base(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, privileges := range [][]string{
		{"--privileged"},
		// Where the host itself lacks a capability, --privileged is refused.
		{
			"--cap-add", "ALL", "--cap-drop", "SYS_RESOURCE", "--security-opt", "seccomp=unconfined",
			"--security-opt", "apparmor=unconfined", "--security-opt", "systempaths=unconfined",
		},
	} {
		args := append([]string{"docker", "run", "--rm", "--network", "host"}, privileges...)
		_, err := toolchain.Run(ctx, append(args, image, "/bin/sh", "-c", setConntrack, "sh", strconv.Itoa(want))...)
		if err == nil {
			return nil
		}
		failed = errors.Join(failed, err)
	}
	return fmt.Errorf("host: net.netfilter.nf_conntrack_max cannot be set to %d, without which kube-proxy does not start: %w", want, failed)
}

// conntrackMax is what kube-proxy computes from its defaults: 32768 for each processor, at least 131072.
func conntrackMax(processors int) int {
	return max(32768*processors, 131072)
}

// processors counts the host's, as kube-proxy does, whatever this process may use of them.
func processors() int {
	online, err := filepath.Glob("/sys/devices/system/cpu/cpu[0-9]*/topology")
	if err != nil || len(online) == 0 {
		return runtime.NumCPU()
	}
	return len(online)
}
