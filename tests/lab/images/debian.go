package images

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Debian is a release of Debian that machines run, by its number.
type Debian string

// The releases that the program is written for. Newest is what its default AMI is.
const (
	Newest Debian = "13"
	Older  Debian = "12"
)

var suites = map[Debian]string{Newest: "trixie", Older: "bookworm"}

// ParseDebian is the release that a person names, by default the newest.
func ParseDebian(text string) (Debian, error) {
	if text == "" {
		return Newest, nil
	}
	if _, ok := suites[Debian(text)]; !ok {
		known := []string{}
		for _, d := range slices.Sorted(maps.Keys(suites)) {
			known = append(known, string(d))
		}
		return "", fmt.Errorf("Debian %q: must be %s", text, strings.Join(known, " or "))
	}
	return Debian(text), nil
}

// Suite is the release's name in package repositories.
func (d Debian) Suite() string { return suites[d] }

// AMI is the name pattern of the release's machine images.
func (d Debian) AMI() string { return "debian-" + string(d) + "-amd64-*" }

// Machine is the image that stands for the release's AMI. It is never pulled from a registry.
func (d Debian) Machine() Image {
	return Image{Name: "node-" + string(d), Dir: "node", Suite: d.Suite()}
}
