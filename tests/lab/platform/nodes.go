package platform

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"
)

// Nodes is the topology of the stack as the lab configures it, for a test to change.
func (l *Lab) Nodes() ([]any, error) { return nodes(l.options) }

// Addresses are the private addresses by name of the nodes of a lab.
func Addresses(options Options) (map[string]string, error) {
	err := options.complete()
	return options.Addresses, err
}

// nodes is the topology of Pulumi.dev.yaml with the addresses of this lab.
func nodes(options Options) ([]any, error) {
	path := filepath.Join(options.Program, "Pulumi.dev.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var file struct {
		Config struct {
			Nodes []any `json:"ecommerce-platform:nodes"`
		} `json:"config"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, item := range file.Config.Nodes {
		node, _ := item.(map[string]any)
		name, _ := node["name"].(string)
		if address, ok := options.Addresses[name]; ok {
			node["privateIp"] = address
		}
	}
	return file.Config.Nodes, nil
}

// addresses are the nodes' private addresses by name: what the options say, else the checked-in ones moved into the lab's block.
func addresses(options Options) (map[string]string, error) {
	list, err := nodes(options)
	if err != nil {
		return nil, err
	}
	block, err := netip.ParsePrefix(options.VpcCidr)
	if err != nil {
		return nil, fmt.Errorf("vpcCidr %q: %w", options.VpcCidr, err)
	}
	found := map[string]string{}
	for _, item := range list {
		node, _ := item.(map[string]any)
		name, _ := node["name"].(string)
		text, _ := node["privateIp"].(string)
		address, err := netip.ParseAddr(text)
		if err != nil {
			return nil, fmt.Errorf("node %s: privateIp %q: %w", name, text, err)
		}
		if _, set := options.Addresses[name]; !set {
			address = moved(address, block)
		}
		found[name] = address.String()
	}
	return found, nil
}

// moved is the address in block with the host part of another one.
func moved(address netip.Addr, block netip.Prefix) netip.Addr {
	host, network := address.As4(), block.Masked().Addr().As4()
	for i := range host {
		mask := byte(0xff)
		if bits := block.Bits() - 8*i; bits <= 0 {
			mask = 0
		} else if bits < 8 {
			mask <<= 8 - bits
		}
		host[i] = network[i] | host[i]&^mask
	}
	return netip.AddrFrom4(host)
}
