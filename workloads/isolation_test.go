package workloads

import (
	"fmt"
	"testing"

	"ecommerce-platform/tests/pulumitest"
)

func TestIsolationPageListsEveryFlow(t *testing.T) {
	peers := map[string]string{clients: "clients, and nodes in their name", names: "the cluster's DNS"}
	called := func(peer string) string {
		if name := peers[peer]; name != "" {
			return name
		}
		return "`" + peer + "`"
	}
	table := "\n| from | to | port | why |\n| --- | --- | --- | --- |\n"
	for _, row := range (&Args{}).flows() {
		table += fmt.Sprintf("| %s | %s | %s `%s` | %s |\n", called(row.From), called(row.To), row.Protocol, row.Port, row.Reason)
	}
	pulumitest.Section(t, "../docs/isolation.md", "flows", table+"\n")
}
