package toolchain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// systemPackages maps a command the lab runs to the Debian package that has it.
var systemPackages = map[string]string{
	"apt-ftparchive": "apt-utils",
	"chromium":       "chromium",
	"debootstrap":    "debootstrap",
	"dockerd":        "docker.io",
	"dpkg-deb":       "dpkg",
	"gcc":            "build-essential",
	"gpg":            "gnupg",
	"nft":            "nftables",
	"pg_ctlcluster":  "postgresql",
	"redis-server":   "redis-server",
	"shellcheck":     "shellcheck",
	"ssh":            "openssh-client",
}

// Commands makes sure that commands are on the machine: those that are missing are installed with apt, as root or
// through sudo. Nothing is asked of a machine that has them all.
func Commands(ctx context.Context, commands ...string) error {
	missing, err := missingPackages(commands, onPath)
	if err != nil || len(missing) == 0 {
		return err
	}
	unlock, err := Lock(ctx, "apt")
	if err != nil {
		return err
	}
	defer unlock()
	if missing, err = missingPackages(commands, onPath); err != nil || len(missing) == 0 {
		return err
	}
	list := strings.Join(missing, " ")
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("packages %q: not installed, and this machine has no apt-get; install their equivalents", list)
	}
	done := Step("installing Debian packages " + list)
	err = install(ctx, missing)
	done(err)
	if err != nil {
		return fmt.Errorf("packages %q: %w", list, err)
	}
	if missing, err = missingPackages(commands, onPath); err == nil && len(missing) > 0 {
		err = fmt.Errorf("packages %q: installed, but their commands are not on PATH", strings.Join(missing, " "))
	}
	return err
}

// missingPackages lists, sorted, the packages of commands that present denies.
func missingPackages(commands []string, present func(string) bool) ([]string, error) {
	var missing []string
	for _, command := range commands {
		pkg, ok := systemPackages[command]
		if !ok {
			return nil, fmt.Errorf("command %q: no Debian package known", command)
		}
		if !present(command) {
			missing = append(missing, pkg)
		}
	}
	slices.Sort(missing)
	return missing, nil
}

// onPath also looks where Debian keeps administrators' commands, which users' PATH leaves out.
func onPath(command string) bool {
	if _, err := exec.LookPath(command); err == nil {
		return true
	}
	for _, dir := range []string{"/usr/sbin", "/sbin"} {
		if exists(dir + "/" + command) {
			return true
		}
	}
	return false
}

func install(ctx context.Context, packages []string) error {
	apt := []string{"env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", "Acquire::Retries=3"}
	prefix, err := AsRoot()
	if err != nil {
		return err
	}
	apt = append(prefix, apt...)
	// An index that cannot be refreshed may still be good enough; the install decides.
	_, updated := Run(ctx, append(apt[:len(apt):len(apt)], "update")...)
	// The docker.io package starts its daemon, which a machine without systemd refuses; EnsureDocker does it then.
	_, err = Run(ctx, append(apt[:len(apt):len(apt)], append([]string{"install", "-y", "--no-install-recommends"}, packages...)...)...)
	if err != nil {
		return errors.Join(err, updated)
	}
	return nil
}

// AsRoot is what must precede a command for it to run as root: nothing for root itself.
func AsRoot() ([]string, error) {
	if os.Geteuid() == 0 {
		return nil, nil
	}
	if _, err := exec.LookPath("sudo"); err != nil {
		return nil, errors.New("root is needed, and sudo is not installed")
	}
	return []string{"sudo", "-n"}, nil
}
