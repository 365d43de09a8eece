package toolchain

const containerdModule = "github.com/containerd/containerd/v2"

// ContainerdPrograms are the commands of the container runtime.
var ContainerdPrograms = []string{"containerd", "containerd-shim-runc-v2", "ctr"}

// Before ends the names of the programs of the container runtime that clusters are taken from.
const Before = "-before"

func containerdPin(version, suffix string) Pin {
	pin := Pin{
		Name: "containerd" + suffix, Version: "v" + version, Cold: "3 min",
		Stamps: []string{containerdModule + "/version.Version=v" + version},
	}
	for _, name := range ContainerdPrograms {
		pin.Binaries = append(pin.Binaries, Binary{name + suffix, containerdModule + "/cmd/" + name})
	}
	return pin
}
