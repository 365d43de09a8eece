package toolchain

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/mod/semver"
)

// machineCLI finds a pulumi on PATH that is new enough and has its Go language host beside it.
func machineCLI(ctx context.Context) (cli, host string, found bool) {
	cli, err := exec.LookPath("pulumi")
	if err != nil {
		return "", "", false
	}
	if cli, err = filepath.EvalSymlinks(cli); err != nil || cached(cli) {
		return "", "", false
	}
	host = filepath.Join(filepath.Dir(cli), "pulumi-language-go")
	if !exists(host) {
		return "", "", false
	}
	version, err := Command{Env: []string{"PULUMI_SKIP_UPDATE_CHECK=true"}, Args: []string{cli, "version"}}.Output(ctx)
	if err != nil || semver.Compare(strings.TrimSpace(version), "v"+PulumiVersion) < 0 {
		return "", "", false
	}
	return cli, host, true
}

// machinePlugin is the path of a provider that the user has installed at exactly a version, or empty.
func machinePlugin(name, version string) string {
	home := os.Getenv("PULUMI_HOME")
	if home == "" {
		user, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		home = filepath.Join(user, ".pulumi")
	}
	path := filepath.Join(home, pluginFile(name, version, "pulumi-resource-"+name))
	if cached(path) {
		return ""
	}
	if exists(filepath.Join(home, "plugins", "resource-"+name+"-v"+version+".partial")) || !exists(path) {
		return ""
	}
	return path
}

// cached reports whether a path is the lab's own: a process that pulumi started has the lab's home in its environment.
func cached(path string) bool {
	cache, err := CacheDir()
	return err == nil && strings.HasPrefix(path, cache+string(filepath.Separator))
}
