//go:build lab

package e2e

var nodeNames = []string{"control-plane", "worker-node-1", "worker-node-2"}
