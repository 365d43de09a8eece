package twin

import (
	"fmt"
	"net/netip"
)

// privateAddress checks the address that is asked for, or takes the first free one.
func (tx *Tx) privateAddress(r, subnet *Record) (netip.Addr, error) {
	block := netip.MustParsePrefix(subnet.Text("cidrBlock"))
	taken := map[netip.Addr]bool{}
	for _, other := range tx.All(instanceToken) {
		if other != r && other.Text("subnetId") == subnet.ID {
			if address, err := netip.ParseAddr(other.Text("privateIp")); err == nil {
				taken[address] = true
			}
		}
	}
	if text := r.Inputs.Text("privateIp"); text != "" {
		address := netip.MustParseAddr(text)
		switch {
		case !block.Contains(address):
			return address, refuse("InvalidParameterValue", "Address %s does not fall within the subnet's address range", address)
		case reserved(block, address):
			return address, refuse("InvalidParameterValue", "Address %s is in subnet's reserved address range", address)
		case taken[address]:
			return address, refuse("InvalidIPAddress.InUse", "Address %s is in use.", address)
		}
		return address, nil
	}
	for address := block.Addr(); block.Contains(address); address = address.Next() {
		if !reserved(block, address) && !taken[address] {
			return address, nil
		}
	}
	return netip.Addr{}, refuse("InsufficientFreeAddressesInSubnet", "The specified subnet does not have enough free addresses to satisfy the request.")
}

// reserved says whether AWS keeps the address for itself: the first four of a subnet and the last.
func reserved(block netip.Prefix, address netip.Addr) bool {
	first := block.Addr()
	for range 4 {
		if address == first {
			return true
		}
		first = first.Next()
	}
	return !block.Contains(address.Next())
}

// offset is the n-th address of a block.
func offset(block netip.Prefix, n int) netip.Addr {
	address := block.Masked().Addr()
	for range n {
		address = address.Next()
	}
	return address
}

// elastic takes the first free address for an Elastic IP: it is the same one each time a lab is brought up anew.
func (tx *Tx) elastic() (string, error) {
	taken := map[string]bool{}
	for _, r := range tx.Everywhere(eipToken) {
		taken[r.Text("publicIp")] = true
	}
	return firstFree(tx.Elastic, taken)
}

// ephemeral gives an instance a public address that lasts until it is stopped.
func (tx *Tx) ephemeral(r *Record) error {
	taken := map[string]bool{}
	for _, other := range tx.Everywhere(instanceToken) {
		if address, ok := other.Outputs["ephemeralIp"].(string); ok {
			taken[address] = true
		}
	}
	taken[r.Outputs.Text("publicIp")] = true
	address, err := firstFree(tx.Ephemeral, taken)
	r.Outputs["ephemeralIp"] = address
	return err
}

func firstFree(prefix string, taken map[string]bool) (string, error) {
	for n := 1; n < 255; n++ {
		if address := fmt.Sprintf("%s.%d", prefix, n); !taken[address] {
			return address, nil
		}
	}
	return "", refuse("AddressLimitExceeded", "The maximum number of addresses has been reached.")
}

// publicAddress is where an instance is reached from outside its VPC: its Elastic IP, else the address it was launched with.
func (tx *Tx) publicAddress(instance *Record) string {
	for _, eip := range tx.All(eipToken) {
		if _, id := tx.association(eip); id == instance.ID {
			return eip.Text("publicIp")
		}
	}
	address, _ := instance.Outputs["ephemeralIp"].(string)
	return address
}
