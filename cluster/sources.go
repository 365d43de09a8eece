package cluster

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"ecommerce-platform/infra/boundary"
)

// source is what nodes open connections to, away from each other.
type source struct {
	what, url string
	// role tells which nodes do; empty is every one.
	role string
	// public tells that the host is on the internet. One that is configured may be anywhere.
	public bool
	// registries are those whose images it has, by name.
	registries []string
}

// publicPackages are where prepare.sh gets packages from without a mirror; the first is where Debian's images look.
var publicPackages = []string{"https://deb.debian.org", "https://download.docker.com", "https://pkgs.k8s.io"}

// sources are those of packages, images and manifests, and the place of backups that leave the machine.
func (a *Args) sources() []source {
	var found []source
	add := func(what, mirror, role string, public ...string) {
		if mirror != "" {
			found = append(found, source{what: what, url: mirror, role: role})
			return
		}
		for _, url := range public {
			found = append(found, source{what: what, url: url, role: role, public: true})
		}
	}
	add("packages", a.Mirrors.Packages, "", publicPackages...)
	if a.Mirrors.Images != "" {
		found = append(found, source{what: "images", url: a.Mirrors.Images, registries: a.mirroredRegistries()})
	} else {
		for _, r := range a.registries() {
			found = append(found, source{what: "images", url: r.url, public: true, registries: []string{r.name}})
		}
	}
	add("manifest", a.Mirrors.Manifests, boundary.ControlPlane, "https://raw.githubusercontent.com")
	if place, ok := strings.CutPrefix(a.Backup.Destination, "s3:"); ok {
		if !strings.Contains(place, "://") {
			place = "https://" + place
		}
		found = append(found, source{what: "backups", url: place, role: boundary.ControlPlane})
	}
	return found
}

func (a *Args) describeSources() pulumi.Array {
	list := pulumi.Array{}
	for _, s := range a.sources() {
		list = append(list, pulumi.Map{
			"what": pulumi.String(s.what), "url": pulumi.String(s.url), "role": pulumi.String(s.role), "public": pulumi.Bool(s.public),
			"registries": pulumi.ToStringArray(s.registries),
		})
	}
	return list
}
