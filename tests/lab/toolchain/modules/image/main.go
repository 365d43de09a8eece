// Command image builds a container image of a Go program, without a Docker engine, by ko's library. The base is nothing: the
// program is static, and there is no registry that everybody reaches to get one from.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/ko/pkg/build"
	"github.com/google/ko/pkg/publish"
)

// platforms are those that the image is for.
var platforms = []v1.Platform{{OS: "linux", Architecture: "amd64"}, {OS: "linux", Architecture: "arm64"}}

// user is one that no machine gives rights to.
const user = "65532:65532"

func main() {
	var o options
	flag.StringVar(&o.source, "source", ".", "directory of the program's main package")
	flag.StringVar(&o.repository, "repository", "", "registry and repository to push to")
	flag.StringVar(&o.tag, "tag", "", "tag to push as, beside the digest")
	flag.StringVar(&o.layout, "layout", "", "directory to write an OCI image layout to")
	flag.StringVar(&o.sbom, "sbom", "", "directory to write the SBOM to, in SPDX")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	digest, err := o.run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	fmt.Println(digest)
}

type options struct {
	source, repository, tag, layout, sbom string
}

// run builds the image, puts it where the options say, and returns its digest.
func (o options) run(ctx context.Context) (string, error) {
	builder, err := build.NewGo(ctx, o.source, o.build()...)
	if err != nil {
		return "", err
	}
	program, err := builder.QualifyImport(".")
	if err != nil {
		return "", err
	}
	image, err := builder.Build(ctx, program)
	if err != nil {
		return "", err
	}
	if image, err = describe(image, o.sbom); err != nil {
		return "", err
	}
	to, err := o.publisher()
	if err != nil {
		return "", err
	}
	if _, err := to.Publish(ctx, image, program); err != nil {
		return "", err
	}
	if err := to.Close(); err != nil {
		return "", err
	}
	digest, err := image.Digest()
	return digest.String(), err
}

func (o options) build() []build.Option {
	var names []string
	for _, p := range platforms {
		names = append(names, p.String())
	}
	return []build.Option{
		build.WithBaseImages(nothing),
		build.WithPlatforms(names...),
		build.WithUser(user),
		// What does not come from the source must not be in the program: the same source, the same digest.
		build.WithTrimpath(true),
		build.WithDefaultFlags([]string{"-buildvcs=false", "-mod=readonly"}),
		build.WithDefaultLdflags([]string{"-s", "-w"}),
		build.WithDefaultEnv([]string{"CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off"}),
		build.WithDisabledSBOM(),
		build.WithJobs(1),
	}
}

// nothing is the base: an image without a layer for each platform.
func nothing(context.Context, string) (name.Reference, build.Result, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, p := range platforms {
		image, err := mutate.ConfigFile(mutate.MediaType(empty.Image, types.OCIManifestSchema1), &v1.ConfigFile{
			OS: p.OS, Architecture: p.Architecture, RootFS: v1.RootFS{Type: "layers"},
		})
		if err != nil {
			return nil, nil, err
		}
		image = mutate.ConfigMediaType(image, types.OCIConfigJSON)
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &p}})
	}
	ref, err := name.ParseReference("scratch:none")
	return ref, index, err
}

func (o options) publisher() (publish.Interface, error) {
	switch {
	case o.repository != "" && o.layout != "":
		return nil, fmt.Errorf("-repository %q and -layout %q: name one", o.repository, o.layout)
	case o.repository != "":
		all := []publish.Option{
			publish.WithAuthFromKeychain(authn.DefaultKeychain),
			// The repository is the image's, whatever the program is called.
			publish.WithNamer(func(base, _ string) string { return base }),
		}
		if o.tag != "" {
			all = append(all, publish.WithTags([]string{o.tag}))
		}
		return publish.NewDefault(o.repository, all...)
	case o.layout != "":
		return publish.NewLayout(o.layout), nil
	}
	return nil, errors.New("-repository or -layout: name one")
}
