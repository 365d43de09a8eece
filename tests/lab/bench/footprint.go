package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"ecommerce-platform/tests/lab/platform"
	"ecommerce-platform/tests/lab/shopimage"
)

// footprint is what the shop's backend takes.
type footprint struct {
	// Image is what a node pulls of it, in bytes.
	Image int64
	// Ready is how long a pod takes from being given to its node until it is ready, the slowest of all; Kubernetes notes whole seconds.
	Ready time.Duration
	// Memory is the largest of each tier's pods, in bytes: its working set, or what it holds beside files if that is more, as it is
	// where a kernel counts nearly all of a new pod's files as inactive.
	Memory map[string]int64
}

// weigh looks at a shop at rest.
func weigh(ctx context.Context, lab *platform.Lab) (footprint, error) {
	found := footprint{Memory: map[string]int64{}}
	image, err := shopimage.Build(ctx)
	if err != nil {
		return found, err
	}
	if found.Image, err = pulled(image.Layout, image.Digest, "amd64"); err != nil {
		return found, err
	}
	c := &client{lab: lab}
	text, err := c.kubectl(ctx, nil, "get", "pods", "-n", namespace, "-o", "json")
	if err != nil {
		return found, err
	}
	var pods corev1.PodList
	if err := json.Unmarshal([]byte(text), &pods); err != nil {
		return found, err
	}
	tiers := map[string]string{}
	for _, pod := range pods.Items {
		tiers[pod.Name] = pod.Labels["app.kubernetes.io/name"]
		times := map[corev1.PodConditionType]time.Time{}
		for _, condition := range pod.Status.Conditions {
			times[condition.Type] = condition.LastTransitionTime.Time
		}
		if tiers[pod.Name] == "backend" {
			found.Ready = max(found.Ready, times[corev1.PodReady].Sub(times[corev1.PodScheduled]))
		}
	}
	return found, c.memory(ctx, tiers, found.Memory)
}

// memory asks each worker's kubelet for the working sets of its pods, and keeps the largest of each tier.
func (c *client) memory(ctx context.Context, tiers map[string]string, largest map[string]int64) error {
	for node := range c.lab.Addresses {
		text, err := c.kubectl(ctx, nil, "get", "--raw", "/api/v1/nodes/"+node+"/proxy/stats/summary")
		if err != nil {
			return err
		}
		var summary struct {
			Pods []struct {
				PodRef struct{ Name string }
				Memory struct{ WorkingSetBytes, RSSBytes int64 }
			}
		}
		if err := json.Unmarshal([]byte(text), &summary); err != nil {
			return fmt.Errorf("kubelet of %s: %w", node, err)
		}
		for _, pod := range summary.Pods {
			if tier := tiers[pod.PodRef.Name]; tier != "" {
				largest[tier] = max(largest[tier], pod.Memory.WorkingSetBytes, pod.Memory.RSSBytes)
			}
		}
	}
	return nil
}

// pulled is the size of an image's configuration and layers for one architecture, as a registry sends them.
func pulled(layout, digest, architecture string) (size int64, err error) {
	type blob struct {
		Digest   string
		Size     int64
		Platform struct{ Architecture string }
	}
	read := func(digest string, into any) error {
		text, err := os.ReadFile(filepath.Join(layout, "blobs", "sha256", strings.TrimPrefix(digest, "sha256:")))
		if err != nil {
			return err
		}
		return json.Unmarshal(text, into)
	}
	var index struct{ Manifests []blob }
	if err := read(digest, &index); err != nil {
		return 0, err
	}
	for _, m := range index.Manifests {
		if m.Platform.Architecture != architecture {
			continue
		}
		var manifest struct {
			Config blob
			Layers []blob
		}
		if err := read(m.Digest, &manifest); err != nil {
			return 0, err
		}
		size = manifest.Config.Size
		for _, layer := range manifest.Layers {
			size += layer.Size
		}
		return size, nil
	}
	return 0, fmt.Errorf("%s: has no image for %s", layout, architecture)
}
