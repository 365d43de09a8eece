package toolchain

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// commandProvider is the one provider of which there are two: the published one, and a stand-in.
const commandProvider = "pulumi-resource-command"

// PulumiHome returns a PULUMI_HOME of the lab's own with the CLI in bin/ and every provider plugin installed, and
// the environment a pulumi command needs to use it and nothing of the user's. Homes are immutable but for what
// pulumi itself writes there; a changed binary gives a new one. Machines says that the twin has any, so that commands run.
func PulumiHome(ctx context.Context, machines bool) (home string, env []string, err error) {
	cache, err := CacheDir()
	if err != nil {
		return "", nil, err
	}
	files, err := homeFiles(ctx, machines)
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
	home = filepath.Join(cache, "pulumi", Key(parts...))
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
	if err := Asked(home, StaleBuild); err != nil {
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
// host beside it; so are the user's Kubernetes and command providers. The AWS provider is always the twin.
func homeFiles(ctx context.Context, machines bool) ([]homeFile, error) {
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

	provider := machinePlugin("kubernetes", KubernetesProviderVersion)
	if provider == "" {
		var err error
		if provider, err = Tool(ctx, "pulumi-resource-kubernetes"); err != nil {
			return nil, err
		}
		if schema := filepath.Join(filepath.Dir(provider), "schema.json"); exists(schema) {
			files = append(files, homeFile{schema, pluginFile("kubernetes", KubernetesProviderVersion, "schema.json")})
		}
	}
	files = append(files, homeFile{provider, pluginFile("kubernetes", KubernetesProviderVersion, "pulumi-resource-kubernetes")})

	command, err := commandProviderFor(ctx, machines)
	if err != nil {
		return nil, err
	}
	files = append(files, homeFile{command, pluginFile("command", CommandProviderVersion, commandProvider)})
	twin, err := Tool(ctx, "pulumi-resource-aws")
	if err != nil {
		return nil, err
	}
	files = append(files, homeFile{twin, pluginFile("aws", AWSProviderVersion, "pulumi-resource-aws")})
	slices.SortFunc(files, func(a, b homeFile) int { return strings.Compare(a.to, b.to) })
	return files, nil
}

// commandProviderFor is the published one where there are machines, if the user has it or sources are Official. Without machines it
// cannot answer, as nothing runs.
func commandProviderFor(ctx context.Context, machines bool) (string, error) {
	if !machines {
		return Tool(ctx, commandProvider)
	}
	if installed := machinePlugin("command", CommandProviderVersion); installed != "" {
		return installed, nil
	}
	if Current() == Official {
		return published(ctx, commandProvider, Artifacts[commandProvider])
	}
	return Tool(ctx, commandProvider)
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
