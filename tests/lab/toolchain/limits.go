package toolchain

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// limit is a setting of this host's kernel that is for all containers together.
type limit struct {
	path    string
	minimum int
}

// inotifyInstances: systemd, containerd, the kubelet and Kubernetes' own pods watch files, some 40 times in a lab. The
// kernel's default of 128 per user is not enough for two labs and a desktop; beyond it containerd and kube-proxy do not start.
var inotifyInstances = limit{"/proc/sys/fs/inotify/max_user_instances", 1024}

// RaiseLimits gives this host's kernel the settings that machines in containers need, until its next boot.
func RaiseLimits(ctx context.Context) error {
	return inotifyInstances.raise(func(text string) error {
		prefix, err := AsRoot()
		if err != nil {
			return err
		}
		_, err = Run(ctx, append(prefix, "sh", "-c", `echo "$1" >"$2"`, "sh", text, inotifyInstances.path)...)
		return err
	})
}

// raise writes the minimum where the setting is below it.
func (l limit) raise(write func(text string) error) error {
	body, err := os.ReadFile(l.path)
	if err != nil {
		return fmt.Errorf("kernel setting: %w", err)
	}
	now, err := strconv.Atoi(strings.TrimSpace(string(body)))
	if err != nil {
		return fmt.Errorf("kernel setting %s: %w", l.path, err)
	}
	if now >= l.minimum {
		return nil
	}
	done := Step(fmt.Sprintf("raising %s from %d to %d until the next boot", l.path, now, l.minimum))
	err = write(strconv.Itoa(l.minimum))
	done(err)
	if err != nil {
		return fmt.Errorf("kernel setting %s is %d: raise it to %d as root: %w", l.path, now, l.minimum, err)
	}
	return nil
}
