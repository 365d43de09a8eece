package toolchain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// staleHome is how long a home that nobody asked for again is kept: other processes may still start plugins from it.
const staleHome = 24 * time.Hour

// PulumiHome returns a PULUMI_HOME of the lab's own with the CLI in bin/ and every provider plugin installed, and
// the environment a pulumi command needs to use it and nothing of the user's. Homes are immutable but for what
// pulumi itself writes there; a changed binary gives a new one.
func PulumiHome(ctx context.Context) (home string, env []string, err error) {
	cache, err := CacheDir()
	if err != nil {
		return "", nil, err
	}
	files, err := homeFiles(ctx)
	if err != nil {
		return "", nil, fmt.Errorf("pulumi home: %w", err)
	}
	parts := make([]string, 0, 2*len(files))
	for _, f := range files {
		identity, err := f.identity()
		if err != nil {
			return "", nil, fmt.Errorf("pulumi home: %w", err)
		}
		parts = append(parts, f.to, identity)
	}
	homes := filepath.Join(cache, "pulumi")
	home = filepath.Join(homes, Key(parts...))
	unlock, err := Lock(ctx, "pulumi-home")
	if err != nil {
		return "", nil, err
	}
	defer unlock()
	if !exists(home) {
		if err := Publish(home, func(fresh string) error { return fillHome(fresh, files) }); err != nil {
			return "", nil, fmt.Errorf("pulumi home: %w", err)
		}
	}
	now := time.Now()
	if err := os.Chtimes(home, now, now); err != nil {
		return "", nil, fmt.Errorf("pulumi home: %w", err)
	}
	if err := prune(homes, home, now); err != nil {
		return "", nil, fmt.Errorf("pulumi home: %w", err)
	}
	return home, []string{
		"PULUMI_HOME=" + home,
		"PATH=" + filepath.Join(home, "bin") + string(os.PathListSeparator) + os.Getenv("PATH"),
		// Plugins of the user's PATH would win over the ones installed here.
		"PULUMI_IGNORE_AMBIENT_PLUGINS=true",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true",
		"PULUMI_SKIP_UPDATE_CHECK=true",
	}, nil
}

// homeFile is a file of the home, linked from where it was built or found.
type homeFile struct{ from, to string }

// identity changes whenever the file's content does. Paths in the cache hold a key; files of the machine are
// told apart by size and time, as reading hundreds of megabytes at each start is too slow.
func (f homeFile) identity() (string, error) {
	info, err := os.Stat(f.from)
	if err != nil {
		return "", err
	}
	return fmt.Sprint(f.from, info.Size(), info.ModTime().UnixNano()), nil
}

// homeFiles lists the home's content. The CLI of the machine is used when it is new enough and has its Go language
// host beside it; so is the user's Kubernetes provider. The AWS provider is always the twin, and the command
// provider always the stand-in: the published one cannot answer in the twin's model mode, where nothing runs.
func homeFiles(ctx context.Context) ([]homeFile, error) {
	cli, host, found := machineCLI(ctx)
	if !found {
		var err error
		if cli, err = Tool(ctx, "pulumi"); err != nil {
			return nil, err
		}
		if host, err = Tool(ctx, "pulumi-language-go"); err != nil {
			return nil, err
		}
	}
	files := []homeFile{{cli, "bin/pulumi"}, {host, "bin/pulumi-language-go"}}

	provider := machinePlugin(KubernetesProviderVersion)
	if provider == "" {
		var err error
		if provider, err = Tool(ctx, "pulumi-resource-kubernetes"); err != nil {
			return nil, err
		}
		files = append(files, homeFile{
			filepath.Join(filepath.Dir(provider), "schema.json"),
			pluginFile("kubernetes", KubernetesProviderVersion, "schema.json"),
		})
	}
	files = append(files, homeFile{provider, pluginFile("kubernetes", KubernetesProviderVersion, "pulumi-resource-kubernetes")})

	for name, version := range map[string]string{"aws": AWSProviderVersion, "command": CommandProviderVersion} {
		binary, err := Tool(ctx, "pulumi-resource-"+name)
		if err != nil {
			return nil, err
		}
		files = append(files, homeFile{binary, pluginFile(name, version, "pulumi-resource-"+name)})
	}
	slices.SortFunc(files, func(a, b homeFile) int { return strings.Compare(a.to, b.to) })
	return files, nil
}

// pluginFile is where pulumi plugin install puts a provider's file.
func pluginFile(name, version, file string) string {
	return filepath.Join("plugins", "resource-"+name+"-v"+version, file)
}

func fillHome(fresh string, files []homeFile) error {
	for _, f := range files {
		to := filepath.Join(fresh, f.to)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		place := Link
		if filepath.Base(f.to) == "schema.json" {
			place = stampSchema
		}
		if err := place(f.from, to); err != nil {
			return err
		}
	}
	return nil
}

// stampSchema copies the Kubernetes provider's schema with the version that a release build writes into it.
func stampSchema(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	var schema map[string]json.RawMessage
	if err := json.Unmarshal(text, &schema); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	schema["version"] = json.RawMessage(`"` + KubernetesProviderVersion + `"`)
	if text, err = json.Marshal(schema); err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o644)
}

// prune removes homes that were not asked for in a while.
func prune(homes, current string, now time.Time) error {
	entries, err := os.ReadDir(homes)
	if err != nil {
		return err
	}
	var failed error
	for _, entry := range entries {
		path := filepath.Join(homes, entry.Name())
		info, err := entry.Info()
		if err != nil || path == current || now.Sub(info.ModTime()) < staleHome {
			continue
		}
		failed = errors.Join(failed, os.RemoveAll(path))
	}
	return failed
}
