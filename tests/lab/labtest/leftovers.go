package labtest

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"ecommerce-platform/tests/lab/mirror"
	"ecommerce-platform/tests/lab/toolchain"
	"ecommerce-platform/tests/lab/twin"
)

// Leftovers lists what a destroy left in the stack, in the twin's account and in Docker. The mirror, which stands for the internet,
// is none of it.
func (l *Lab) Leftovers(ctx context.Context) ([]string, error) {
	left := []string{}
	state, err := l.Stack.Export(ctx)
	if err != nil {
		return nil, err
	}
	for _, resource := range state.Resources {
		left = append(left, "stack: "+resource.URN.String())
	}
	var account twin.State
	body, err := os.ReadFile(filepath.Join(l.Dir, "twin", "ec2.json"))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(body, &account); err != nil {
		return nil, err
	}
	for id := range account.Resources {
		left = append(left, "account: "+id)
	}
	for kind, list := range map[string][]string{
		"container": {"ps", "--all", "--format", "{{.Names}}"},
		"network":   {"network", "ls", "--format", "{{.Name}}"},
		"volume":    {"volume", "ls", "--format", "{{.Name}}"},
	} {
		output, err := toolchain.Run(ctx, append([]string{"docker"}, append(list, "--filter", "label=twin="+l.Name)...)...)
		if err != nil {
			return nil, err
		}
		for _, name := range strings.Fields(output) {
			if name != mirror.Container(l.Name) {
				left = append(left, kind+": "+name)
			}
		}
	}
	return left, nil
}
