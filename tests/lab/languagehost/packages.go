package languagehost

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// GetRequiredPackages lists the providers whose SDKs the program's go.mod requires. A program that is no module has none
// to be known of.
func (h *Host) GetRequiredPackages(ctx context.Context, req *pulumirpc.GetRequiredPackagesRequest) (
	*pulumirpc.GetRequiredPackagesResponse, error,
) {
	resp := &pulumirpc.GetRequiredPackagesResponse{}
	dir := req.GetInfo().GetProgramDirectory()
	gomod, err := readGoMod(ctx, dir)
	if errors.Is(err, errNoModule) {
		return resp, nil
	}
	if err != nil {
		return nil, err
	}
	modules, err := listModules(ctx, dir, gomod)
	if err != nil {
		return nil, err
	}
	for _, m := range modules {
		dependency, err := m.packageDependency()
		if err != nil {
			return nil, fmt.Errorf("module %s: %w", m.Path, err)
		}
		if dependency != nil {
			resp.Packages = append(resp.Packages, dependency)
		}
	}
	return resp, nil
}

// GetProgramDependencies lists the modules that the program's go.mod requires.
func (h *Host) GetProgramDependencies(ctx context.Context, req *pulumirpc.GetProgramDependenciesRequest) (
	*pulumirpc.GetProgramDependenciesResponse, error,
) {
	gomod, err := readGoMod(ctx, req.GetInfo().GetProgramDirectory())
	if err != nil {
		return nil, err
	}
	replaced := map[string]bool{}
	for _, r := range gomod.Replace {
		replaced[r.Old.Path] = true
	}
	resp := &pulumirpc.GetProgramDependenciesResponse{}
	for _, r := range gomod.Require {
		if r.Indirect && !req.GetTransitiveDependencies() {
			continue
		}
		dependency := &pulumirpc.DependencyInfo{Name: r.Mod.Path, Version: r.Mod.Version}
		if replaced[r.Mod.Path] {
			dependency.Version = ""
		}
		resp.Dependencies = append(resp.Dependencies, dependency)
	}
	return resp, nil
}

// errNoModule is a program directory that lies in no Go module.
var errNoModule = errors.New("no go.mod")

func readGoMod(ctx context.Context, dir string) (*modfile.File, error) {
	out, err := goCommand(ctx, dir, "list", "-m", "-f", "{{.GoMod}}")
	if err != nil {
		return nil, err
	}
	path := strings.TrimSpace(string(out))
	if path == "" {
		return nil, fmt.Errorf("%s: %w", dir, errNoModule)
	}
	body, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return modfile.Parse(path, body, nil)
}

// requiredModule is what `go list -m -json` tells; Dir is empty for a module that no package of the program needs.
type requiredModule struct{ Path, Version, Dir string }

func listModules(ctx context.Context, dir string, gomod *modfile.File) ([]requiredModule, error) {
	if len(gomod.Require) == 0 {
		return nil, nil
	}
	args := []string{"list", "-m", "-json"}
	for _, r := range gomod.Require {
		args = append(args, r.Mod.Path)
	}
	out, err := goCommand(ctx, dir, args...)
	if err != nil {
		return nil, err
	}
	var modules []requiredModule
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var m requiredModule
		if err := decoder.Decode(&m); errors.Is(err, io.EOF) {
			return modules, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		modules = append(modules, m)
	}
}

// goCommand runs go in the program's own module, whatever workspace it lies in.
func goCommand(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK=off")
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil, fmt.Errorf("go %s in %s: %w: %s", args[0], dir, err, bytes.TrimSpace(exit.Stderr))
	}
	return out, err
}

// packageDependency is the provider that the module is the SDK of, nil if it is none.
func (m requiredModule) packageDependency() (*pulumirpc.PackageDependency, error) {
	info, err := m.pluginFile()
	if err != nil {
		return nil, err
	}
	if info == nil || !info.Resource {
		return nil, nil
	}
	dependency := &pulumirpc.PackageDependency{
		Kind: "resource", Name: info.Name, Version: info.Version, Server: info.Server,
	}
	if dependency.Name == "" {
		// github.com/pulumi/pulumi-aws/sdk/v6 is the SDK of aws.
		rest := strings.TrimPrefix(m.Path, "github.com/pulumi/pulumi-")
		dependency.Name, _, _ = strings.Cut(rest, "/")
	}
	if dependency.Version == "" {
		dependency.Version = m.Version
		if module.IsPseudoVersion(m.Version) {
			// There is no plugin of a commit: take the release before it.
			if dependency.Version, err = module.PseudoVersionBase(m.Version); err != nil || dependency.Version == "" {
				return nil, err
			}
		}
	}
	if !strings.HasPrefix(dependency.Version, "v") {
		dependency.Version = "v" + dependency.Version
	}
	if p := info.Parameterization; p != nil {
		dependency.Parameterization = &pulumirpc.PackageParameterization{Name: p.Name, Version: p.Version, Value: p.Value}
	}
	return dependency, nil
}

// pluginFile reads the module's pulumi-plugin.json, nil if it has none.
func (m requiredModule) pluginFile() (*plugin.PulumiPluginJSON, error) {
	if m.Dir == "" {
		return nil, nil
	}
	candidates := []string{filepath.Join(m.Dir, "pulumi-plugin.json"), filepath.Join(m.Dir, "go", "pulumi-plugin.json")}
	for _, pattern := range []string{filepath.Join("go", "*"), "*"} {
		found, err := filepath.Glob(filepath.Join(m.Dir, pattern, "pulumi-plugin.json"))
		if err != nil {
			return nil, err
		}
		candidates = append(candidates, found...)
	}
	for _, path := range candidates {
		info, err := plugin.LoadPulumiPluginJSON(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return info, err
	}
	return nil, nil
}
