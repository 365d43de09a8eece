// Package machines runs the digital twin's machines: EC2 instances as Docker containers that boot systemd and
// cloud-init, subnets as Docker networks, security groups as nftables, Elastic IPs as forwarded addresses.
package machines

import (
	"sync"

	"github.com/moby/moby/client"
)

// Docker drives the Docker engine that DOCKER_HOST names, or else this machine's. Everything it makes has the label twin=Name.
type Docker struct {
	Name   string // prefix and label of containers, networks and volumes
	Image  string // stands for the AMI
	Mirror string // container that is "the internet" on every network; "" for none

	privileged sync.Once
	privileges privileges
	refused    error
}

const (
	twinLabel = "twin"    // has the twin's name
	idLabel   = "twin.id" // has the ID of the resource that it stands for
	// imageLabel of a volume that is a disk names the image of the containers that work on it.
	imageLabel = "twin.image"
)

// labels are those of what stands for a resource, or of what serves the whole twin where id is "".
func (d *Docker) labels(id string) map[string]string {
	labels := map[string]string{twinLabel: d.Name}
	if id != "" {
		labels[idLabel] = id
	}
	return labels
}

// own finds what this twin has made, and has the further labels.
func (d *Docker) own(labels ...string) client.Filters {
	return client.Filters{}.Add("label", append(labels, twinLabel+"="+d.Name)...)
}
