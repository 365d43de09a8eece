package toolchain

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"

	"ecommerce-platform/cluster/versions"
)

// kubeadmConstants is the file of k8s.io/kubernetes that says what kubeadm brings along.
const kubeadmConstants = "cmd/kubeadm/app/constants/constants.go"

// Kubeadm is a release with what its kubeadm brings along, as the source tree of k8s.io/kubernetes says.
func Kubeadm(tree, version string) (versions.Release, error) {
	release := versions.Release{Version: version}
	path := filepath.Join(tree, kubeadmConstants)
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return release, fmt.Errorf("kubeadm's constants: %w", err)
	}
	found := map[string]string{}
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || len(spec.Names) != 1 || len(spec.Values) != 1 {
			return true
		}
		if literal, ok := spec.Values[0].(*ast.BasicLit); ok && literal.Kind == token.STRING {
			found[spec.Names[0].Name], _ = strconv.Unquote(literal.Value)
		}
		return true
	})
	for name, field := range map[string]*string{
		"DefaultEtcdVersion": &release.Etcd, "CoreDNSVersion": &release.CoreDNS, "PauseVersion": &release.Pause,
	} {
		if found[name] == "" {
			return release, fmt.Errorf("%s: no constant %s", path, name)
		}
		// The image of etcd has a packaging revision, that of CoreDNS a v.
		*field, _, _ = strings.Cut(strings.TrimPrefix(found[name], "v"), "-")
	}
	return release, nil
}
