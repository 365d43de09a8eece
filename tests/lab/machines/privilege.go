package machines

import (
	"context"
	"fmt"
	"strings"
)

// withoutResource is what a machine gets where --privileged cannot be had, because the host itself lacks
// CAP_SYS_RESOURCE: everything else that --privileged means.
var withoutResource = []string{"--cap-add", "ALL", "--cap-drop", "SYS_RESOURCE",
	"--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined", "--security-opt", "systempaths=unconfined",
	"--device-cgroup-rule", "a *:* rwm", "--device", "/dev/kmsg"}

// privilegeFlags finds out once, by trying, which of the two this Docker can do.
func (d *Docker) privilegeFlags(ctx context.Context) ([]string, error) {
	d.privileged.Do(func() {
		try := func(flags ...string) error {
			args := append([]string{"run", "--rm", "--label", d.label(), "--network", "none", "--entrypoint", "/bin/true"}, flags...)
			_, err := d.run(ctx, append(args, d.Image)...)
			return err
		}
		full := []string{"--privileged", "--cgroupns", "private"}
		err := try(full...)
		if err == nil {
			d.privileges = full
			return
		}
		if !strings.Contains(err.Error(), "caps") && !strings.Contains(err.Error(), "not permitted") {
			d.refused = err
			return
		}
		reduced := append([]string{"--cgroupns", "private"}, withoutResource...)
		if e := try(reduced...); e != nil {
			d.refused = fmt.Errorf("neither a privileged container starts: %w; nor one without CAP_SYS_RESOURCE: %w", err, e)
			return
		}
		d.privileges = reduced
	})
	return d.privileges, d.refused
}
