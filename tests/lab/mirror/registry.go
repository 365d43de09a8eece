package mirror

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"ecommerce-platform/tests/lab/docker"
	"ecommerce-platform/tests/lab/images"
	"ecommerce-platform/tests/lab/shopimage"
	"ecommerce-platform/tests/lab/toolchain"
)

// volume holds the registry's images; every mirror of this machine serves the same ones.
const volume = "ecommerce-platform-registry"

// registry is the container that images are pushed to, and registryConfig its server's settings.
const (
	registry       = "ecommerce-platform-registry-upload"
	registryConfig = "/etc/docker/registry/config.yml"
)

// Volumes are the Docker volumes that outlive mirrors.
var Volumes = []string{volume, pulled}

// Clean removes them.
func Clean(ctx context.Context) error {
	for _, name := range Volumes {
		if err := docker.RemoveVolume(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// serveImages makes the images and pushes those that the registry lacks; image is the mirror's own.
func serveImages(ctx context.Context, image string, served []images.Image) (failed error) {
	unlock, err := toolchain.Lock(ctx, "registry")
	if err != nil {
		return err
	}
	defer unlock()
	wanted := map[string]string{}
	for _, i := range served {
		if wanted[i.Ref], err = i.Build(ctx); err != nil {
			return err
		}
	}
	if someMirrorServes(ctx, wanted) {
		return nil
	}
	if err := docker.Remove(ctx, registry); err != nil { // one that a killed run left
		return err
	}
	config := &container.Config{
		Image: image, Labels: map[string]string{"ecommerce-platform": "lab"}, ExposedPorts: network.PortSet{},
		Entrypoint: []string{"docker-registry"}, Cmd: []string{"serve", registryConfig},
	}
	host := &container.HostConfig{Binds: []string{volume + ":/srv/registry"}, PortBindings: network.PortMap{}}
	publish(config, host, registryPort)
	err = docker.Create(ctx, client.ContainerCreateOptions{Name: registry, Config: config, HostConfig: host})
	if err == nil {
		err = docker.Power(ctx, registry, true)
	}
	if err != nil {
		return fmt.Errorf("registry: %w", err)
	}
	defer func() { failed = errors.Join(failed, docker.Remove(context.WithoutCancel(ctx), registry)) }()
	address, err := published(ctx, registry, registryPort)
	if err != nil {
		return fmt.Errorf("registry: %w", err)
	}
	if err := answers(ctx, registry, "http://"+address+"/v2/"); err != nil {
		return err
	}
	replaced := false
	for _, i := range served {
		old, err := push(ctx, address, wanted[i.Ref], i.Ref)
		if err != nil {
			return fmt.Errorf("image %s: %w", i.Ref, err)
		}
		replaced = replaced || old
	}
	if err := pushShop(ctx, address); err != nil || !replaced {
		return err
	}
	// Only what holds the lock writes to the registry.
	status, said, err := docker.Run(ctx, registry, "", "docker-registry", "garbage-collect", registryConfig)
	if err == nil && status != 0 {
		err = fmt.Errorf("registry: garbage collection ended with status %d: %s", status, said)
	}
	return err
}

// someMirrorServes reports whether a mirror that runs has all images, by name: all mirrors of this machine serve the same ones. What is
// wrong with one that does not answer comes out when images are pushed.
func someMirrorServes(ctx context.Context, wanted map[string]string) bool {
	running, err := mirrors(ctx, client.Filters{}.Add("status", "running"))
	if err != nil || len(running) == 0 {
		return false
	}
	address, err := published(ctx, running[0].ID, registryPort)
	if err != nil {
		return false
	}
	for ref, local := range wanted {
		if has, err := pushed(ctx, address, local, ref); err != nil || !has {
			return false
		}
	}
	shop, err := shopimage.Build(ctx)
	if err != nil {
		return false
	}
	have, err := digest(ctx, address, shopimage.Repository, shop.Digest)
	return err == nil && have != ""
}

// pushShop uploads the backend's image as whoever builds it does, unless it is there.
func pushShop(ctx context.Context, address string) error {
	image, err := shopimage.Build(ctx)
	if err != nil {
		return err
	}
	have, err := digest(ctx, address, shopimage.Repository, image.Digest)
	if err != nil || have != "" {
		return err
	}
	done := toolchain.Step("pushing " + shopimage.Repository)
	_, err = shopimage.Push(ctx, address+"/"+shopimage.Repository, "")
	done(err)
	return err
}

// push uploads an image under the name that manifests use, without its registry, and under its content's key, which
// tells the next run that nothing is left to do. It reports whether another image went from the registry.
func push(ctx context.Context, address, local, ref string) (replaced bool, err error) {
	if has, err := pushed(ctx, address, local, ref); err != nil || has {
		return false, err
	}
	repository, tag := split(ref)
	key := keyTag(local)
	named, err := digest(ctx, address, repository, tag)
	if err != nil {
		return false, err
	}
	done := toolchain.Step("pushing " + ref)
	for _, t := range []string{tag, key} {
		remote := address + "/" + repository + ":" + t
		if _, err = toolchain.Run(ctx, "docker", "tag", local, remote); err != nil {
			break
		}
		_, err = toolchain.Run(ctx, "docker", "push", "--quiet", remote)
		// The address is this run's only.
		_, _ = toolchain.Run(context.WithoutCancel(ctx), "docker", "image", "rm", "--no-prune", remote)
		if err != nil {
			break
		}
	}
	done(err)
	if err != nil || named == "" {
		return false, err
	}
	now, err := digest(ctx, address, repository, tag)
	if err != nil || now == named {
		return false, err
	}
	_, err = manifest(ctx, http.MethodDelete, address, repository, named)
	return true, err
}

// keyTag is the tag that names the content of one of the engine's images.
func keyTag(local string) string { return "lab-" + local[strings.LastIndex(local, ":")+1:] }

// pushed reports whether the registry has an image under both of its tags.
func pushed(ctx context.Context, address, local, ref string) (bool, error) {
	repository, tag := split(ref)
	have, err := digest(ctx, address, repository, keyTag(local))
	if err != nil || have == "" {
		return false, err
	}
	named, err := digest(ctx, address, repository, tag)
	return have == named, err
}

// split takes an image name apart into what a registry calls repository and tag.
func split(ref string) (repository, tag string) {
	_, path, _ := strings.Cut(ref, "/")
	repository, tag, _ = strings.Cut(path, ":")
	return repository, tag
}

// digest is that of an image in the registry, or empty if it is not there.
func digest(ctx context.Context, address, repository, tag string) (string, error) {
	header, err := manifest(ctx, http.MethodHead, address, repository, tag)
	return header.Get("Docker-Content-Digest"), err
}

// manifest asks the registry for one, by tag or digest. One that is not there has no header.
func manifest(ctx context.Context, method, address, repository, reference string) (http.Header, error) {
	url := fmt.Sprintf("http://%s/v2/%s/manifests/%s", address, repository, reference)
	request, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return nil, err
	}
	for _, kind := range []string{"application/vnd.docker.distribution.manifest.v2+json", "application/vnd.oci.image.index.v1+json"} {
		request.Header.Add("Accept", kind)
	}
	response, err := loopback.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	switch response.StatusCode {
	case http.StatusOK, http.StatusAccepted:
		return response.Header, nil
	case http.StatusNotFound:
		return nil, nil
	}
	return nil, fmt.Errorf("%s %s: %s", method, url, response.Status)
}

// loopback reaches ports on loopback, which a proxy of the environment must not be asked for.
var loopback = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}}
