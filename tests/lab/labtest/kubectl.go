package labtest

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"ecommerce-platform/tests/lab/machines"
	"ecommerce-platform/tests/lab/toolchain"
)

// patience bounds one kubectl command.
const patience = 2 * time.Minute

// Kubectl runs kubectl as the administrator whose kubeconfig is a stack output, and fails the test on an error.
func (l *Lab) Kubectl(t *testing.T, args ...string) string {
	t.Helper()
	text, err := l.TryKubectl(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TryKubectl is Kubectl where an error is an answer too.
func (l *Lab) TryKubectl(ctx context.Context, args ...string) (string, error) {
	return l.KubectlStdin(ctx, "", args...)
}

// KubectlStdin is TryKubectl with a document to read.
func (l *Lab) KubectlStdin(ctx context.Context, document string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return toolchain.Command{Stdin: document, Args: append([]string{l.kubectl, "--kubeconfig", l.kubeconfig}, args...)}.Output(ctx)
}

// Get reads an object or a list from the API server.
func Get[T any](t *testing.T, l *Lab, args ...string) T {
	t.Helper()
	var object T
	text := l.Kubectl(t, append([]string{"get", "-o", "json"}, args...)...)
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		t.Fatalf("kubectl get %s: %v: %s", strings.Join(args, " "), err, text)
	}
	return object
}

// OnMachine runs a command as root on a node, as its serial console would.
func (l *Lab) OnMachine(ctx context.Context, node string, command ...string) (string, error) {
	container, err := l.Container(ctx, node)
	if err != nil {
		return "", err
	}
	return toolchain.Run(ctx, append([]string{"docker", "exec", container}, command...)...)
}

// Container is the container that a node's machine is.
func (l *Lab) Container(ctx context.Context, node string) (string, error) {
	return machines.Container(ctx, l.Name, l.Addresses[node])
}

// SQL asks the shop's database in its own pod, of several servers the primary's, as the superuser, and returns what psql prints without
// any decoration.
func (l *Lab) SQL(ctx context.Context, query string) (string, error) {
	server := "deployment/postgres"
	if services, _ := l.Outputs["services"].(map[string]any); services["postgres-rw"] != nil {
		server = "service/postgres-rw"
	}
	text, err := l.TryKubectl(ctx, "exec", "-n", "ecommerce", server, "--", "sh", "-c",
		`PGPASSWORD=$POSTGRES_PASSWORD exec psql -h 127.0.0.1 -U postgres -d shop -v ON_ERROR_STOP=1 -Atqc "$0"`, query)
	return strings.TrimSpace(text), err
}
